# frozen_string_literal: true

require "fiddle"
require "fiddle/import"
require "json"

module ClerkSessions
  # The functions of the shared library. All that knows of pointers is in this file.
  module Native
    extend Fiddle::Importer

    # The structs of clerk_sessions.h; those within others are written out.
    Header = struct ["char *name", "char *value"]
    Bytes = struct ["char *data", "size_t len"]
    StepStruct = struct [
      "int action", "unsigned long long ms", "char *http_method", "char *url", "void *headers", "size_t header_count",
      "char *body", "size_t body_len"
    ]

    # A step of a call: `action` is :done, :wait (for `ms`) or :send (the rest, within `ms`).
    Step = Struct.new(:action, :ms, :http_method, :url, :headers, :body)

    LIBRARY = begin
      Fiddle.dlopen(ENV.fetch("CLERK_SESSIONS_LIBRARY") { File.join(__dir__, "libclerk_sessions.#{RbConfig::CONFIG['SOEXT']}") })
    rescue Fiddle::DLError => error
      raise LoadError, "#{error.message}; build it as the README tells, or name it in CLERK_SESSIONS_LIBRARY"
    end

    PTR = Fiddle::TYPE_VOIDP
    # Takes a String without NUL, or nil for null.
    TEXT = Fiddle::TYPE_CONST_STRING
    SIZE = Fiddle::TYPE_SIZE_T
    U64 = -Fiddle::TYPE_LONG_LONG
    U16 = -Fiddle::TYPE_SHORT
    BOOL = -Fiddle::TYPE_CHAR

    FUNCTIONS = {
      operations: [[], PTR],
      client_new: [[TEXT], PTR],
      client_error: [[PTR], PTR],
      client_free: [[PTR], Fiddle::TYPE_VOID],
      call_new: [[PTR, TEXT, TEXT, TEXT], PTR],
      revoke_all_new: [[PTR, TEXT, TEXT], PTR],
      call_step: [[PTR, U64, PTR], Fiddle::TYPE_INT],
      call_on_response: [[PTR, U16, PTR, SIZE, PTR, SIZE, U64], BOOL],
      call_on_failure: [[PTR, BOOL, TEXT, TEXT, U64], BOOL],
      call_error: [[PTR], PTR],
      call_finish: [[PTR, PTR], BOOL],
      call_free: [[PTR], Fiddle::TYPE_VOID],
      pages_new: [[PTR, TEXT, TEXT], PTR],
      pages_next: [[PTR], PTR],
      pages_free: [[PTR], Fiddle::TYPE_VOID]
    }.to_h do |name, (takes, gives)|
      # None of them waits. With the lock of the VM held, no other thread can fork while one holds a lock of the library,
      # which would stay locked in the child.
      [name, Fiddle::Function.new(LIBRARY["clerk_#{name}"], takes, gives, need_gvl: true)]
    end.freeze
    private_constant :LIBRARY, :FUNCTIONS

    class << self
      # All operations: the gem lists none itself.
      def operations = JSON.parse(copy(run(:operations)))

      def run(name, *arguments) = FUNCTIONS.fetch(name).call(*arguments)

      # The value as JSON, for C: its generator escapes NULs.
      def json(what, value)
        JSON.generate(value)
      rescue JSON::JSONError, EncodingError => error
        raise BuildError.because("#{what} can't be written as JSON: #{error.class}")
      end

      # The text, once it is sure that C will not see it cut short.
      def text(what, value)
        value = String(value)
        raise BuildError.because("#{what} holds a NUL") if value.b.include?("\0")

        value
      end

      # The handle, freed by `free` or else when it is garbage.
      def own(pointer, free)
        raise NoMemoryError, "no handle from clerk_sessions" if pointer.null?

        Fiddle::Pointer.new(pointer.to_i, 0, FUNCTIONS.fetch(free))
      end

      # What the library points to lives only until the next call on its handle: so all is copied.
      def copy(pointer, length = nil)
        return nil if pointer.null?

        (length ? pointer[0, length] : pointer.to_s).force_encoding(Encoding::UTF_8)
      end
    end

    # Settings of one instance; any number of threads may use it.
    class Client
      def initialize(settings)
        @handle = Native.own(Native.run(:client_new, Native.json("settings", settings)), :client_free)
        error = Native.copy(Native.run(:client_error, @handle))
        raise Error.of(JSON.parse(error)) if error
      end

      def call(operation, parameters, options)
        operation = Native.text("operation", operation)
        Call.new(Native.run(:call_new, @handle, operation, *texts(parameters, options)))
      end

      def revoke_all(parameters, options)
        Call.new(Native.run(:revoke_all_new, @handle, *texts(parameters, options)))
      end

      def pages(parameters, options)
        Pages.new(Native.run(:pages_new, @handle, *texts(parameters, options)))
      end

      # It holds the key.
      def inspect = "#<#{self.class}>"

      private

      def texts(parameters, options) = [Native.json("parameters", parameters), Native.json("options", options)]
    end

    # All sessions of a list.
    class Pages
      def initialize(pointer)
        @handle = Native.own(pointer, :pages_free)
      end

      # The call for the next page, or nil.
      def next_call
        pointer = Native.run(:pages_next, @handle)
        Call.new(pointer) unless pointer.null?
      end

      def free = @handle.call_free
    end

    # One call, for one thread.
    class Call
      ACTIONS = %i[done send wait misuse].freeze
      private_constant :ACTIONS

      def initialize(pointer)
        @handle = Native.own(pointer, :call_free)
        @step = StepStruct.malloc(Fiddle::RUBY_FREE)
      end

      def step(now_ms)
        case action = ACTIONS.fetch(Native.run(:call_step, @handle, now_ms, @step))
        when :send
          body = Native.copy(@step.body, @step.body_len) if @step.body_len.positive?
          Step.new(action, @step.ms, Native.copy(@step.http_method), Native.copy(@step.url), headers, body)
        when :misuse then misused
        else Step.new(action, @step.ms)
        end
      end

      def on_response(status, headers, body, now_ms)
        texts = headers.flatten.map { |text| "#{text}\0".b }
        # The pointers are taken from strings that `texts` keeps alive over the call.
        pointers = texts.map { |text| Fiddle::Pointer[text].to_i }.pack("J*")
        awaited = Native.run(:call_on_response, @handle, status, pointers, headers.size, body, body.bytesize, now_ms)
        texts.clear
        misused if awaited.zero?
      end

      def on_failure(failure, now_ms)
        message = failure.message.b.delete("\0")
        awaited = Native.run(:call_on_failure, @handle, failure.maybe_sent ? 1 : 0, failure.kind, message, now_ms)
        misused if awaited.zero?
      end

      # The JSON that it came to.
      def finish
        bytes = Bytes.malloc(Fiddle::RUBY_FREE)
        is_ok = Native.run(:call_finish, @handle, bytes).positive?
        # The depth was limited when the library read it.
        json = JSON.parse(Native.copy(bytes.data, bytes.len), max_nesting: false)
        is_ok ? json : raise(Error.of(json))
      end

      def free = @handle.call_free

      private

      def headers
        Array.new(@step.header_count) do |index|
          header = Header.new(@step.headers + index * Header.size)
          [Native.copy(header.name), Native.copy(header.value)]
        end
      end

      def misused
        raise Error.of(JSON.parse(Native.copy(Native.run(:call_error, @handle)) || "{}"))
      end
    end
  end
  private_constant :Native
end
