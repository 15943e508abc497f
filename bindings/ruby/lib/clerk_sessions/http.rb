# frozen_string_literal: true

require "net/http"
require "openssl"
require "timeout"
require "uri"
require "zlib"

module ClerkSessions
  # Sends requests over Net::HTTP. It follows no redirect, retries nothing, and adds only the headers that HTTP needs. Any
  # number of threads may use it; a connection is used by one thread at a time.
  class HTTP
    CONNECT_SECONDS = 5
    IDLE_SECONDS = 2
    MAX_IDLE = 10
    # The longest time limit, a day: a much larger number is out of the system's range. The shortest is 1 ms, as 0 means no limit.
    MAX_MS = 86_400_000
    MAX_BODY_BYTES = 16 * 1024 * 1024

    Response = Struct.new(:status, :headers, :body)
    # There was no complete response: whether the request may have been sent, the kind of failure, and a message.
    Failure = Struct.new(:maybe_sent, :kind, :message)

    # The body of a response is larger than MAX_BODY_BYTES.
    class TooLarge < StandardError; end

    # Knows whether it is connected: if not, a failed request was not sent. Net::HTTP itself reconnects when the server has closed
    # an idle connection, so its caller can't know.
    class Connection < Net::HTTP
      attr_reader :connected

      private

      def connect
        @connected = false
        super
        @socket.extend(WholeBody) unless respond_to?(:ignore_eof=)
        @connected = true
      end
    end

    # Raises EOFError if a body ends before its Content-Length, for the Net::HTTP of Ruby 3.1, which has no ignore_eof=. That
    # Net::HTTP tells its socket to ignore the end in this one case; in others, as within a chunk, it raises by itself.
    module WholeBody
      def read(length, into = "".b, _ignore_eof = false) = super(length, into, false)
    end
    private_constant :TooLarge, :Connection, :WholeBody

    def initialize
      @mutex = Mutex.new
      @idle = []
      @pid = Process.pid
    end

    # Sends a request. Returns a Response, or a Failure also if the response is not complete within timeout_ms.
    def send_request(method, url, headers, body, timeout_ms)
      uri = URI(url)
      request = request_of(method, uri, headers, body)
      connection = take(uri)
      response = run(connection, request, timeout_ms.clamp(1, MAX_MS) / 1000.0)
      give(connection)
      connection = nil
      response
    rescue StandardError => error
      failure_of(error, connection&.connected)
    ensure
      # The connection may still hold a part of the response.
      discard(connection) if connection
    end

    # Closes the connections of this process that are not in use.
    def close
      @mutex.synchronize { idle.slice!(0..) }.each { |connection, _| discard(connection) }
    end

    def inspect = "#<#{self.class}>"

    private

    def request_of(method, uri, headers, body)
      # With request_has_body false, Net::HTTP adds no Content-Type.
      request = Net::HTTPGenericRequest.new(method, !body.nil?, true, uri.request_uri)
      %w[accept user-agent].each { |name| request.delete(name) }
      headers.each { |name, value| request.add_field(name, value) }
      request.body = body if body
      request
    end

    def run(connection, request, seconds)
      # The limits of Net::HTTP are for each read, so a slow response could go on without end. Timeout is safe here: only this
      # thread uses the connection, and a connection that timed out is discarded.
      Timeout.timeout(seconds) do
        connection.open_timeout = [CONNECT_SECONDS, seconds].min
        connection.read_timeout = connection.write_timeout = seconds
        connection.start unless connection.started?
        complete = nil
        # The block must not return: Net::HTTP would skip its check whether the connection can be kept.
        connection.request(request) { |response| complete = response_of(response, read(response)) }
        complete
      end
    end

    def read(response)
      body = String.new(encoding: Encoding::BINARY)
      response.read_body do |chunk|
        raise TooLarge, "the response is over #{MAX_BODY_BYTES} bytes" if body.bytesize + chunk.bytesize > MAX_BODY_BYTES

        body << chunk
      end
      body
    end

    def response_of(response, body)
      headers = response.to_hash.flat_map { |name, values| values.map { |value| [name, value] } }
      # A C string ends at a NUL.
      raise Net::HTTPBadResponse, "a header holds a NUL" if headers.flatten.any? { |text| text.b.include?("\0") }

      Response.new(response.code.to_i, headers, body)
    end

    # The idle connections of this process. The caller holds the mutex. Connections from before a fork belong to the parent. They
    # are dropped but not closed: over TLS, closing one would tell the server that the connection ends.
    def idle
      @idle, @pid = [], Process.pid if @pid != Process.pid
      @idle
    end

    def take(uri)
      stale = []
      found = @mutex.synchronize do
        fresh_since = now - IDLE_SECONDS
        stale, @idle = idle.partition { |_, since| since < fresh_since }
        # The most recently used one first, so that the others reach their age limit.
        at = @idle.rindex { |connection, _| serves?(connection, uri) }
        @idle.delete_at(at)&.first if at
      end
      stale.each { |connection, _| discard(connection) }
      found || connection_to(uri)
    end

    def give(connection)
      return unless connection.started?

      spare = @mutex.synchronize do
        idle.push([connection, now])
        @idle.shift&.first if @idle.size > MAX_IDLE
      end
      discard(spare) if spare
    end

    def serves?(connection, uri)
      connection.address == uri.hostname && connection.port == uri.port && connection.use_ssl? == (uri.scheme == "https")
    end

    def connection_to(uri)
      Connection.new(uri.hostname, uri.port).tap do |connection|
        connection.use_ssl = uri.scheme == "https"
        # Net::HTTP would retry requests that the library does not retry.
        connection.max_retries = 0
        connection.keep_alive_timeout = IDLE_SECONDS
        # Net::HTTP would take an incomplete body for a complete one. Without this setting, WholeBody does the same.
        connection.ignore_eof = false if connection.respond_to?(:ignore_eof=)
      end
    end

    def discard(connection)
      connection.finish if connection.started?
    rescue IOError, SystemCallError, OpenSSL::SSL::SSLError
      # It is closed already.
    end

    def failure_of(error, connected)
      kind = connected ? kind_after(error) : kind_before(error)
      Failure.new(connected, kind, "#{error.class}: #{error.message}")
    end

    def kind_before(error)
      case error
      when Timeout::Error then "timeout"
      when OpenSSL::SSL::SSLError then "tls"
      when SystemCallError, SocketError, IOError, Net::ProtocolError then "connect"
      else "other"
      end
    end

    def kind_after(error)
      case error
      when Timeout::Error, Errno::ETIMEDOUT then "timeout"
      when TooLarge then "too_large"
      when IOError, SystemCallError then "closed"
      when Net::ProtocolError, Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError, Zlib::Error then "protocol"
      else "other"
      end
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
  private_constant :HTTP
end
