# frozen_string_literal: true

module ClerkSessions
  # Why a call came to nothing. No key and no token is in it.
  class Error < StandardError
    # "build" (nothing was sent), "api" (the server refused), "decode" (its response can't be read), "transport" (none came).
    attr_reader :kind
    # Of the last response, or nil.
    attr_reader :status, :code, :trace_id
    # How long the server asked to wait, or nil.
    attr_reader :retry_after_ms
    # How many requests were sent.
    attr_reader :attempts

    # The error of the class that fits this error object.
    def self.of(fields)
      KINDS.fetch(fields["kind"], Error).new(fields)
    end

    def initialize(fields)
      super(fields["message"])
      @kind, @status, @code, @trace_id, @retry_after_ms, @attempts =
        fields.values_at("kind", "status", "code", "trace_id", "retry_after_ms", "attempts")
    end

    # In seconds, a Float, as sleep takes it; nil if the server named no time.
    def retry_after
      retry_after_ms && retry_after_ms / 1000.0
    end

    def to_h
      { kind: kind, status: status, code: code, message: message, trace_id: trace_id,
        retry_after_ms: retry_after_ms, attempts: attempts }
    end
  end

  # The settings, the operation or its parameters are wrong: nothing was sent.
  class BuildError < Error
    def self.because(message)
      new("kind" => "build", "message" => "#{message} (nothing was sent)", "attempts" => 0)
    end
  end

  # The server refused.
  class ApiError < Error; end

  # The server's response can't be read.
  class DecodeError < Error; end

  # There was no complete response.
  class TransportError < Error; end

  class Error
    KINDS = { "build" => BuildError, "api" => ApiError, "decode" => DecodeError, "transport" => TransportError }.freeze
    private_constant :KINDS
  end
end
