# frozen_string_literal: true

require "net/http"
require "openssl"
require "timeout"
require "uri"
require "zlib"

module ClerkSessions
  # Sends one request at a time over Net::HTTP, as it is told: no redirects, no repetitions, no headers of its own but those
  # that HTTP needs. Any number of threads may use it; each has a connection for itself while it sends.
  class HTTP
    CONNECT_SECONDS = 5
    IDLE_SECONDS = 2
    MAX_IDLE = 10
    # A day: the clock can't be set to just any time, and 0 would be no limit.
    MAX_MS = 86_400_000
    MAX_BODY_BYTES = 16 * 1024 * 1024

    Response = Struct.new(:status, :headers, :body)
    # No complete response: whether the request may have arrived nevertheless, and why.
    Failure = Struct.new(:maybe_sent, :kind, :message)

    # A response over the limit.
    class TooLarge < StandardError; end

    # Tells whether it is connected: what fails before that has sent nothing. Net::HTTP connects anew by itself when it finds that
    # the server closed an idle connection, so this can't be seen from outside.
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

    # For the Net::HTTP of Ruby 3.1, which has no ignore_eof=: a body that ends before its Content-Length raises EOFError.
    # That Net::HTTP asks its socket to overlook the end in this one case; elsewhere, as within a chunk, it raises anyway.
    module WholeBody
      def read(length, into = "".b, _ignore_eof = false) = super(length, into, false)
    end
    private_constant :TooLarge, :Connection, :WholeBody

    def initialize
      @mutex = Mutex.new
      @idle = []
      @pid = Process.pid
    end

    # A Response or a Failure; the request may take so long in all.
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
      # Whatever interrupted it, half a response may be left in it.
      discard(connection) if connection
    end

    # Closes the connections of this process that are not in use.
    def close
      @mutex.synchronize { idle.slice!(0..) }.each { |connection, _| discard(connection) }
    end

    def inspect = "#<#{self.class}>"

    private

    def request_of(method, uri, headers, body)
      # Told that there is no body, it adds no Content-Type.
      request = Net::HTTPGenericRequest.new(method, !body.nil?, true, uri.request_uri)
      %w[accept user-agent].each { |name| request.delete(name) }
      headers.each { |name, value| request.add_field(name, value) }
      request.body = body if body
      request
    end

    def run(connection, request, seconds)
      # Over all of it: the limits of Net::HTTP are for each read, so that drops of a response could go on for ever. It can't
      # break what others use, as the connection is this thread's and is discarded.
      Timeout.timeout(seconds) do
        connection.open_timeout = [CONNECT_SECONDS, seconds].min
        connection.read_timeout = connection.write_timeout = seconds
        connection.start unless connection.started?
        complete = nil
        # No return within the block: Net::HTTP would not notice whether the connection can be kept.
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
      # C would see it cut short.
      raise Net::HTTPBadResponse, "a header holds a NUL" if headers.flatten.any? { |text| text.b.include?("\0") }

      Response.new(response.code.to_i, headers, body)
    end

    # The idle connections of this process, for whoever has the mutex. Those of before a fork are the parent's: they are left
    # alone, not closed, as over TLS a close is told to the server.
    def idle
      @idle, @pid = [], Process.pid if @pid != Process.pid
      @idle
    end

    def take(uri)
      stale = []
      found = @mutex.synchronize do
        fresh_since = now - IDLE_SECONDS
        stale, @idle = idle.partition { |_, since| since < fresh_since }
        # The last one used first, so that the others may grow old.
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
        # Else it would repeat what the library decided not to.
        connection.max_retries = 0
        connection.keep_alive_timeout = IDLE_SECONDS
        # Else half a response would look like a whole one. Where Net::HTTP lacks it, WholeBody does the same.
        connection.ignore_eof = false if connection.respond_to?(:ignore_eof=)
      end
    end

    def discard(connection)
      connection.finish if connection.started?
    rescue IOError, SystemCallError, OpenSSL::SSL::SSLError
      # It is gone already.
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
