# frozen_string_literal: true

require "json"

module ClerkSessions
  # A JSON object as the server sent it. record.user_id, record[:user_id] and record["user_id"] read a field, also one that
  # Clerk adds later.
  class Record
    # Makes a Record of an object and an Array of an array; returns any other value as it is.
    def self.of(value)
      case value
      when Hash then new(value)
      when Array then value.map { |item| of(item) }
      else value
      end
    end

    def initialize(fields)
      @fields = fields
      freeze
    end

    def [](name) = Record.of(@fields[name.to_s])
    def key?(name) = @fields.key?(name.to_s)
    def dig(name, *rest) = rest.empty? ? self[name] : self[name]&.dig(*rest)
    # A Hash with Strings as keys.
    def to_h = @fields.dup
    def to_json(*state) = @fields.to_json(*state)
    # For pattern matching.
    def deconstruct_keys(_names) = @fields.to_h { |name, value| [name.to_sym, Record.of(value)] }
    def ==(other) = other.is_a?(Record) && to_h == other.to_h
    alias eql? ==
    def hash = @fields.hash

    # Shows the names of the fields but no values, as one may be a token.
    def inspect = "#<#{self.class} #{[self[:object], self[:id]].compact.join(' ')} (#{@fields.keys.join(', ')})>"
    alias to_s inspect

    def respond_to_missing?(name, include_private = false) = key?(name) || super

    def method_missing(name, *arguments)
      arguments.empty? && key?(name) ? self[name] : super
    end
  end

  # A page of sessions: an Array of Records.
  class List < Array
    # The number of all sessions that match; nil if the server did not send it.
    attr_reader :total_count

    def initialize(records, total_count = nil)
      super(Record.of(records))
      @total_count = total_count
    end
  end
end
