# frozen_string_literal: true

require "fiddle"
require "fiddle/import"
require "json"

module ClerkSessions
  # The functions of the shared library. All code that handles pointers is in this file.
  module Native
    extend Fiddle::Importer

    # The structs of clerk_sessions.h. Fiddle has no nested structs, so their fields are listed in the outer one.
    Header = struct ["char *name", "char *value"]
    Bytes = struct ["char *data", "size_t len"]
    StepStruct = struct [
      "int action", "unsigned long long ms", "char *http_method", "char *url", "void *headers", "size_t header_count",
      "char *body", "size_t body_len"
    ]

    # The next action of a call: :done, :wait (for `ms` milliseconds) or :send (the request, with the time limit `ms`).
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
      # No function blocks, so each keeps the VM's lock (need_gvl). Otherwise another thread could fork while the library holds a
      # lock, which would then stay locked in the child.
      [name, Fiddle::Function.new(LIBRARY["clerk_#{name}"], takes, gives, need_gvl: true)]
    end.freeze
    private_constant :LIBRARY, :FUNCTIONS

    class << self
      # The library's list of operations. The gem has no list of its own.
      def operations = JSON.parse(copy(run(:operations)))

      def run(name, *arguments) = FUNCTIONS.fetch(name).call(*arguments)

      # The value as JSON for C. The generator escapes NULs.
      def json(what, value)
        JSON.generate(value)
      rescue JSON::JSONError, EncodingError => error
        raise BuildError.because("#{what} can't be written as JSON: #{error.class}")
      end

      # The text for C. Raises BuildError if it has a NUL, where a C string would end.
      def text(what, value)
        value = String(value)
        raise BuildError.because("#{what} holds a NUL") if value.b.include?("\0")

        value
      end

      # A handle that is freed by call_free, or by the garbage collector.
      def own(pointer, free)
        raise NoMemoryError, "no handle from clerk_sessions" if pointer.null?

        Fiddle::Pointer.new(pointer.to_i, 0, FUNCTIONS.fetch(free))
      end

      # Copies memory of the library, which is valid only until the next call on its handle.
      def copy(pointer, length = nil)
        return nil if pointer.null?

        (length ? pointer[0, length] : pointer.to_s).force_encoding(Encoding::UTF_8)
      end
    end

    # A clerk_client. Any number of threads may use it.
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

      # The default would show the key.
      def inspect = "#<#{self.class}>"

      private

      def texts(parameters, options) = [Native.json("parameters", parameters), Native.json("options", options)]
    end

    # A clerk_pages: all sessions of a list.
    class Pages
      def initialize(pointer)
        @handle = Native.own(pointer, :pages_free)
      end

      # The call for the next page; nil after the last one.
      def next_call
        pointer = Native.run(:pages_next, @handle)
        Call.new(pointer) unless pointer.null?
      end

      def free = @handle.call_free
    end

    # A clerk_call. Only one thread may use it.
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
        # `texts` keeps the strings alive that the pointers point to.
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

      # The parsed JSON of the result. Raises an Error if the call failed.
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
