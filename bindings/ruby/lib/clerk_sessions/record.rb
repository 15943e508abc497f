# frozen_string_literal: true

require "json"

module ClerkSessions
  # A JSON object of the server, as it came: record.user_id, record[:user_id] and record["user_id"] read a field, also one
  # that this gem has never heard of.
  class Record
    # A Record for an object, an Array of them for an array, else the value itself.
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
    # The plain Hash, with the names as Strings.
    def to_h = @fields.dup
    def to_json(*state) = @fields.to_json(*state)
    # For pattern matching.
    def deconstruct_keys(_names) = @fields.to_h { |name, value| [name.to_sym, Record.of(value)] }
    def ==(other) = other.is_a?(Record) && to_h == other.to_h
    alias eql? ==
    def hash = @fields.hash

    # Names, not values: it may be a token.
    def inspect = "#<#{self.class} #{[self[:object], self[:id]].compact.join(' ')} (#{@fields.keys.join(', ')})>"
    alias to_s inspect

    def respond_to_missing?(name, include_private = false) = key?(name) || super

    def method_missing(name, *arguments)
      arguments.empty? && key?(name) ? self[name] : super
    end
  end

  # The records of a list.
  class List < Array
    # How many there are in all, where the server says so.
    attr_reader :total_count

    def initialize(records, total_count = nil)
      super(Record.of(records))
      @total_count = total_count
    end
  end
end
