# frozen_string_literal: true

require "minitest/autorun"
require "clerk_sessions"
require "openssl"
require "socket"

# Tests with FakeClerk. The environment variable FAKE_CLERK is the path of its program.
class TestClerkSessions < Minitest::Test
  def self.fake
    @fake ||= begin
      out = IO.popen([ENV.fetch("FAKE_CLERK"), "--seed-user", "user_1"])
      Minitest.after_run { Process.kill(:TERM, out.pid) }
      2.times.to_h { out.gets.chomp.split("=", 2) }
    end
  end

  def setup
    @url, @key = self.class.fake.values_at("CLERK_API_URL", "CLERK_SECRET_KEY")
    sessions = %w[sess_1 sess_2 sess_3].map { |id| { id: id, user_id: "user_1", client_id: "client_1" } }
    control("reset", users: ["user_1"], templates: ["hasura"], secret_keys: [@key], sessions: sessions)
    @clerk = ClerkSessions::Client.new(secret_key: @key, api_url: @url, options: { backoff_base_ms: 1, backoff_cap_ms: 2 })
    @sessions = @clerk.sessions
  end

  def teardown = @clerk.close

  def control(name, body)
    response = Net::HTTP.post(URI("#{@url}/_fake/#{name}"), JSON.generate(body), "content-type" => "application/json")
    assert_equal "200", response.code, response.body
    JSON.parse(response.body)
  end

  def script(*responses) = control("script", responses)
  def arrived = JSON.parse(Net::HTTP.get(URI("#{@url}/_fake/requests")))

  # Runs a server that sends these bytes on each connection and closes it.
  def with_server(bytes, then_sleep: 0)
    server = TCPServer.new("127.0.0.1", 0)
    count = 0
    thread = Thread.new do
      loop do
        socket = server.accept
        count += 1
        # Reads the whole request, because closing a connection with unread bytes resets it.
        head = socket.gets("\r\n\r\n").to_s
        socket.read(head[/^content-length: *(\d+)/i, 1].to_i)
        socket.write(bytes)
        sleep(then_sleep)
        socket.close
      rescue SystemCallError
        next
      end
    end
    client = ClerkSessions::Client.new(secret_key: @key, base_url: "http://127.0.0.1:#{server.addr[1]}/v1")
    yield client.sessions, -> { count }
  ensure
    thread&.kill
    server&.close
  end

  def test_list
    all = @sessions.list(user_id: "user_1")
    assert_instance_of ClerkSessions::List, all
    assert_equal %w[sess_1 sess_2 sess_3], all.map(&:id).sort
    assert_nil all.total_count
    assert_equal all, @sessions.list(request: { "user_id" => "user_1", status: nil })
    request = Struct.new(:user_id, :limit).new("user_1", 1)
    assert_equal 1, @sessions.list(request: request).size
    # Like the request objects of Clerk's own gem.
    request = Class.new { def to_dict = { "user_id" => "user_1", "limit" => 2 } }.new
    assert_equal 2, @sessions.list(request: request).size
    assert_equal 3, @sessions.list(user_id: "user_1", paginated: true, limit: 1).total_count
  end

  def test_get
    session = @sessions.get("sess_1")
    assert_equal session, @sessions.get(session_id: "sess_1")
    assert_equal %w[user_1 user_1 user_1], [session.user_id, session[:user_id], session["user_id"]]
    assert_equal "active", session.to_h["status"]
    assert_raises(NoMethodError) { session.nothing }
    assert_raises(ArgumentError) { @sessions.get("sess_1", "sess_2") }
  end

  def test_create_and_revoke
    session = @sessions.create(user_id: "user_1")
    assert_equal "revoked", @sessions.revoke(session.id).status
  end

  def test_refresh
    tokens = control("handshake", session_id: "sess_1", origin: "https://a.example")
    tokens = tokens.slice("expired_token", "refresh_token").transform_keys(&:to_sym)
    assert_equal "token", @sessions.refresh("sess_1", **tokens, request_origin: "https://a.example").object
  end

  def test_tokens
    token = @sessions.create_token("sess_1", expires_in_seconds: 60)
    assert_equal 3, token.jwt.split(".").size
    refused = assert_raises(ClerkSessions::BuildError) { @sessions.create_token(session_id: "sess_1", body: { expires_in_seconds: 1 }) }
    assert_includes refused.message, "expires_in_seconds"
    refute_includes token.inspect + token.to_s, token.jwt
    assert_equal "token", @sessions.create_token_from_template("sess_1", "hasura").object
    assert_equal "token", @sessions.create_token_from_template(session_id: "sess_1", template_name: "hasura").object
  end

  def test_every_operation_has_its_method
    assert_empty %i[list create get refresh revoke create_token create_token_from_template] - @sessions.public_methods
  end

  def test_pages_are_requested_one_at_a_time
    pages = @sessions.pages(user_id: "user_1", limit: 2)
    assert_empty arrived
    assert_equal %w[sess_3 sess_2], [pages.next.id, pages.next.id]
    assert_equal 1, arrived.size
    assert_equal %w[sess_3 sess_2 sess_1], pages.map(&:id)
    assert_equal %w[sess_3], @sessions.pages(user_id: "user_1", limit: 1).first(1).map(&:id)
    assert_raises(ClerkSessions::BuildError) { @sessions.pages(limit: 0).first }
  end

  def test_revoke_all
    report = @sessions.revoke_all(user_id: "user_1", except: ["sess_2"])
    assert_equal %w[sess_1 sess_3], report.revoked.sort
    assert report.is_complete
    assert_equal "active", @sessions.get("sess_2").status
  end

  def test_call_returns_the_json_of_the_server
    assert_equal({ "id" => "sess_1" }, @clerk.call("GetSession", { session_id: "sess_1" }).slice("id"))
    assert_instance_of Array, @clerk.call("GetSessionList")
  end

  def test_an_error_response_raises_an_api_error
    error = assert_raises(ClerkSessions::ApiError) { @sessions.get("sess_9") }
    assert_equal ["api", 404, "resource_not_found", 1, nil], [error.kind, error.status, error.code, error.attempts, error.retry_after]
    refute_empty error.trace_id
    assert_equal %i[kind status code message trace_id retry_after_ms attempts], error.to_h.keys
  end

  def test_invalid_input_raises_a_build_error_and_is_not_sent
    [
      -> { @sessions.get("..") },
      -> { @sessions.create },
      -> { @sessions.list(user: "user_1") },
      -> { @sessions.with_options(deadline: 1).list },
      -> { @clerk.call("GetSession\0x", { session_id: "sess_1" }) },
      -> { @clerk.call("Nothing") },
      -> { @sessions.list(user_id: "\xff") },
      -> { ClerkSessions::Client.new(secret_key: nil) },
      -> { ClerkSessions::Client.new(secret_key: "sk_test_1", base_url: "http://example.com/v1") }
    ].each do |wrong|
      error = assert_raises(ClerkSessions::BuildError, &wrong)
      assert_equal ["build", 0], [error.kind, error.attempts]
    end
    assert_empty arrived
  end

  def test_a_nul_in_a_parameter_is_percent_encoded
    assert_empty @sessions.list(user_id: "user_1\0")
    assert_equal ["/v1/sessions?user_id=user_1%00"], arrived.map { |request| request["target"] }
  end

  def test_retries
    script({ status: 503 }, { status: 502 })
    assert_equal "sess_1", @sessions.get("sess_1").id
    assert_equal 3, arrived.size
    script({ status: 503 })
    error = assert_raises(ClerkSessions::ApiError) { @sessions.create(user_id: "user_1") }
    assert_equal [503, 1], [error.status, error.attempts]
    script({ status: 503 })
    assert_raises(ClerkSessions::ApiError) { @sessions.with_options(max_attempts: 1).get("sess_1") }
  end

  def test_an_error_has_the_retry_after_of_the_server
    script({ status: 429, headers: { "retry-after" => "3600" } })
    error = assert_raises(ClerkSessions::ApiError) { @sessions.get("sess_1") }
    assert_equal [3600.0, 3_600_000], [error.retry_after, error.retry_after_ms]
  end

  def test_unknown_fields_are_kept
    session = @clerk.call("GetSession", { session_id: "sess_1" })
    script({ status: 200, body: JSON.generate(session.merge("mood" => { "is" => ["good"] })) })
    session = @sessions.get("sess_1")
    assert_equal ["good"], session.mood.is
    assert_equal "good", session.dig(:mood, :is, 0)
  end

  def test_an_unreadable_response_raises_a_decode_error
    script({ status: 200, body: "{}" })
    assert_raises(ClerkSessions::DecodeError) { @sessions.get("sess_1") }
  end

  def test_a_refused_connection_raises_a_transport_error
    port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    client = ClerkSessions::Client.new(secret_key: @key, base_url: "http://127.0.0.1:#{port}/v1", options: { backoff_cap_ms: 1 })
    error = assert_raises(ClerkSessions::TransportError) { client.sessions.create(user_id: "user_1") }
    assert_equal ["transport", nil, 3], [error.kind, error.status, error.attempts]
  end

  def test_create_is_not_retried_after_an_incomplete_response
    zip = Zlib.gzip("{}")
    cut = [
      "content-length: 99\r\n\r\n{}",
      "content-length: 2\r\n\r\n",
      "content-encoding: gzip\r\ncontent-length: #{zip.bytesize}\r\n\r\n".b + zip[..-2],
      "transfer-encoding: chunked\r\n\r\n63\r\n{}",
      "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"
    ].map { |rest| "HTTP/1.1 200 OK\r\n#{rest}" }
    ["", *cut, "nonsense\r\n\r\n"].each do |bytes|
      with_server(bytes) do |sessions, count|
        error = assert_raises(ClerkSessions::TransportError) { sessions.create(user_id: "user_1") }
        assert_equal [1, 1], [error.attempts, count.call]
      end
    end
  end

  def test_net_http_does_not_retry_by_itself
    with_server("") do |sessions, count|
      assert_raises(ClerkSessions::TransportError) { sessions.with_options(max_attempts: 1).get("sess_1") }
      assert_equal 1, count.call
    end
  end

  def test_connections_are_reused
    server = TCPServer.new("127.0.0.1", 0)
    opened = served = 0
    thread = Thread.new do
      loop do
        socket = server.accept
        opened += 1
        while socket.gets("\r\n\r\n")
          served += 1
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]")
        end
      end
    end
    client = ClerkSessions::Client.new(secret_key: @key, base_url: "http://127.0.0.1:#{server.addr[1]}/v1")
    3.times { assert_empty client.sessions.list }
    assert_equal [1, 3], [opened, served]
  ensure
    client&.close
    thread&.kill
    server&.close
  end

  def test_a_connection_that_the_server_closed_is_not_used_again
    closing = ["HTTP/1.1 200 OK\r\nconnection: close\r\n", "HTTP/1.1 200 OK\r\n"]
    closing.map { |head| "#{head}content-length: 2\r\n\r\n[]" }.each do |bytes|
      with_server(bytes) do |sessions, count|
        3.times do
          assert_empty sessions.with_options(max_attempts: 1).list
          # Waits until the client has received the end of the connection.
          sleep 0.05
        end
        assert_equal 3, count.call
      end
    end
  end

  def test_the_deadline_ends_a_call
    with_server("HTTP/1.1 200 OK\r\n", then_sleep: 5) do |sessions, _|
      from = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      error = assert_raises(ClerkSessions::TransportError) { sessions.with_options(deadline_ms: 200).create(user_id: "user_1") }
      assert_includes error.message, "Timeout"
      assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - from, :<, 2
    end
  end

  def test_gzip_is_decoded_and_its_size_limited
    packed = ->(text) { Zlib.gzip(text).then { |zip| "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: #{zip.bytesize}\r\n\r\n".b + zip } }
    with_server(packed.call("[]")) do |sessions, count|
      # The server closes each connection after its response, so each request uses a new one.
      3.times { assert_empty sessions.list }
      assert_equal 3, count.call
    end
    with_server(packed.call(" " * (17 << 20))) do |sessions, _|
      error = assert_raises(ClerkSessions::TransportError) { sessions.with_options(max_attempts: 1).list }
      assert_includes error.message, "TooLarge"
    end
  end

  def test_no_secret_is_shown
    shown = [@clerk, @sessions, @sessions.with_options(deadline_ms: 1)].map(&:inspect).join
    refute_includes shown, @key
    assert_includes shown, @url
    wrong = "sk_test_\u00e9secret"
    error = assert_raises(ClerkSessions::Error) { ClerkSessions::Client.new(secret_key: wrong).sessions.list }
    refute_includes error.inspect + error.full_message, "secret\u00e9"
    refute_includes error.inspect, wrong
  end

  def test_threads_can_share_a_client
    ids = Array.new(8) { Thread.new { Array.new(20) { @sessions.get("sess_1").id } } }.flat_map(&:value)
    assert_equal ["sess_1"] * 160, ids
  end

  # Runs the block in a forked process. Returns the process id, and a pipe with the block's result as JSON.
  def in_child
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      result = begin
        { returned: yield }
      rescue Exception => error # rubocop:disable Lint/RescueException
        { raised: error.full_message(highlight: false) }
      end
      writer.write(JSON.generate(result))
      writer.close
    ensure
      # Minitest must not continue in the child.
      exit!(true)
    end
    writer.close
    [pid, reader]
  end

  def returned_by((pid, reader))
    Process.kill(:KILL, pid) unless reader.wait_readable(30)
    text = reader.read
    Process.wait(pid)
    refute_empty text, "the child was blocked"
    result = JSON.parse(text)
    assert_nil result["raised"]
    result["returned"]
  ensure
    reader.close
  end

  # Makes 100 calls, and returns the ids that are not the requested one.
  def unlike(id) = Array.new(100) { @sessions.get(id).id }.reject { |got| got == id }

  def test_forked_children_get_their_own_responses
    # Several connections are open when the process forks.
    Array.new(4) { Thread.new { @sessions.get("sess_1") } }.each(&:join)
    children = %w[sess_2 sess_3 sess_2 sess_3].map { |id| in_child { unlike(id) } }
    assert_empty unlike("sess_1")
    assert_equal [[]] * 4, children.map { |child| returned_by(child) }
    grandchild = in_child { [@sessions.get("sess_2").id, returned_by(in_child { unlike("sess_3") })] }
    assert_empty unlike("sess_1")
    assert_equal ["sess_2", []], returned_by(grandchild)
  end

  def test_a_fork_during_calls_does_not_block_the_child
    threads = Array.new(4) { Thread.new { loop { @sessions.get("sess_1") } } }
    sleep 0.05
    children = Array.new(20) { in_child { @sessions.get("sess_2").id } }
    assert_equal ["sess_2"] * 20, children.map { |child| returned_by(child) }
  ensure
    threads.each(&:kill).each(&:join)
  end

  # The library holds its locks only for moments, so a test like the one above would rarely find a held lock.
  def test_no_thread_is_inside_the_library_during_a_fork
    functions = ClerkSessions.const_get(:Native).const_get(:FUNCTIONS)
    refute_empty functions
    assert functions.values.all?(&:need_gvl?)
  end

  # Over TLS, closing a connection notifies the server, and would therefore also end it for the parent.
  def test_closing_in_a_child_keeps_the_connections_of_the_parent
    with_tls_server do |url, opened|
      client = ClerkSessions::Client.new(secret_key: @key, base_url: "#{url}/v1")
      assert_empty client.sessions.list
      returned_by(in_child { client.close })
      assert_empty client.sessions.list
      assert_equal 1, opened.call
      assert_empty returned_by(in_child { client.sessions.list })
      assert_equal 2, opened.call
      returned_by(in_child { [client.sessions.list, GC.start] })
      assert_empty client.sessions.list
      assert_equal 3, opened.call, "the parent's first connection is still in use"
      client.close
    end
  end

  # Runs a server with its own certificate, which this process trusts. It responds with an empty list to every request.
  def with_tls_server
    key = OpenSSL::PKey::RSA.new(2048)
    certificate = OpenSSL::X509::Certificate.new.tap do |made|
      made.version, made.serial, made.public_key = 2, 1, key.public_key
      made.subject = made.issuer = OpenSSL::X509::Name.parse("/CN=127.0.0.1")
      made.not_before, made.not_after = Time.now - 60, Time.now + 3600
      extensions = OpenSSL::X509::ExtensionFactory.new(made, made)
      made.add_extension(extensions.create_extension("basicConstraints", "CA:TRUE", true))
      made.add_extension(extensions.create_extension("subjectAltName", "IP:127.0.0.1"))
      made.sign(key, "SHA256")
    end
    context = OpenSSL::SSL::SSLContext.new.tap { |made| made.cert, made.key = certificate, key }
    server = OpenSSL::SSL::SSLServer.new(TCPServer.new("127.0.0.1", 0), context)
    opened = 0
    threads = [Thread.new do
      loop do
        socket = server.accept
        opened += 1
        threads << Thread.new do
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]") while socket.gets("\r\n\r\n")
          socket.close
        rescue OpenSSL::SSL::SSLError
          # A process that exits does not send a close_notify.
        end
      end
    end]
    # Net::HTTP uses this store.
    OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE.add_cert(certificate)
    yield "https://127.0.0.1:#{server.addr[1]}", -> { opened }
  ensure
    threads&.each(&:kill)
    server&.close
  end

  def test_handles_are_freed_under_stress
    50.times do
      client = ClerkSessions::Client.new(secret_key: @key, api_url: @url)
      client.sessions.pages(limit: 1).next
    end
    GC.start
    GC.stress = true
    assert_equal "sess_1", @sessions.get("sess_1").id
  ensure
    GC.stress = false
  end
end
