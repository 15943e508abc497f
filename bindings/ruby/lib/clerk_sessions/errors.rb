# frozen_string_literal: true

module ClerkSessions
  # A failed call: the base class of all errors. It never holds a key or a token.
  class Error < StandardError
    # "build", "api", "decode" or "transport", the same as the class.
    attr_reader :kind
    # The HTTP status, Clerk's error code and the trace id of the last response; nil if it has none.
    attr_reader :status, :code, :trace_id
    # How many milliseconds to wait before the next call, as the server asked; nil if it did not ask.
    attr_reader :retry_after_ms
    # How often the request was sent, counting attempts that could not connect; 0 if it was refused before.
    attr_reader :attempts

    # Makes an error of the class that belongs to the kind of this error object.
    def self.of(fields)
      KINDS.fetch(fields["kind"], Error).new(fields)
    end

    def initialize(fields)
      super(fields["message"])
      @kind, @status, @code, @trace_id, @retry_after_ms, @attempts =
        fields.values_at("kind", "status", "code", "trace_id", "retry_after_ms", "attempts")
    end

    # retry_after_ms in seconds, a Float for sleep; nil if the server did not ask.
    def retry_after
      retry_after_ms && retry_after_ms / 1000.0
    end

    def to_h
      { kind: kind, status: status, code: code, message: message, trace_id: trace_id,
        retry_after_ms: retry_after_ms, attempts: attempts }
    end
  end

  # A setting, the operation or a parameter is invalid. Nothing was sent.
  class BuildError < Error
    def self.because(message)
      new("kind" => "build", "message" => "#{message} (nothing was sent)", "attempts" => 0)
    end
  end

  # The server responded with a status that is not 2xx.
  class ApiError < Error; end

  # The server responded with 2xx, but the body can't be read, or it is for another session or user.
  class DecodeError < Error; end

  # There was no complete response. The message says whether the server may have processed the request.
  class TransportError < Error; end

  class Error
    KINDS = { "build" => BuildError, "api" => ApiError, "decode" => DecodeError, "transport" => TransportError }.freeze
    private_constant :KINDS
  end
end
