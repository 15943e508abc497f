# frozen_string_literal: true

module ClerkSessions
  # A client of one Clerk instance. Make one and keep it: its calls share connections, the rate limit and the retry budget. Any
  # number of threads may use it.
  class Client
    # secret_key and api_url (the URL without the version) come from CLERK_SECRET_KEY and CLERK_API_URL by default. base_url, the
    # URL with the version, takes precedence over api_url. options are the time limits and retries of all calls: the README
    # lists them with their defaults. Raises BuildError if a setting is missing or invalid.
    def initialize(secret_key: ENV["CLERK_SECRET_KEY"], api_url: ENV["CLERK_API_URL"], base_url: nil, api_version: nil,
                   user_agent_suffix: "clerk-sessions-ruby/#{VERSION}", headers: nil, allow_insecure_http: nil, options: {})
      # A given base_url takes precedence over api_url, which may come from the environment.
      api_url = nil if base_url || api_url.to_s.empty?
      settings = { secret_key: secret_key, api_url: api_url, base_url: base_url, api_version: api_version, headers: headers,
                   user_agent_suffix: user_agent_suffix, allow_insecure_http: allow_insecure_http, options: options }
      @native = Native::Client.new(settings.compact)
      @http = HTTP.new
      @url = (base_url || api_url || "default URL").sub(%r{//[^/]*@}, "//")
    end

    # The session operations, with these options, such as deadline_ms.
    def sessions(**options) = Sessions.new(self, options)

    # Calls an operation by its operationId, such as "GetSession". Returns the parsed JSON of the response. Raises an Error.
    def call(operation_id, parameters = {}, options = {})
      drive(@native.call(operation_id, parameters, options))
    end

    # See Sessions#revoke_all.
    def revoke_all(parameters, options = {}) = drive(@native.revoke_all(parameters, options))

    # Yields each page, an Array of Hashes. Raises an Error.
    def each_page(parameters, options = {})
      pages = @native.pages(parameters, options)
      while (call = pages.next_call)
        yield drive(call)
      end
    ensure
      pages&.free
    end

    # Closes the connections of this process that are not in use. The client stays usable.
    def close = @http.close

    def inspect = "#<#{self.class} #{@url}>"

    private

    def drive(call)
      loop do
        step = call.step(now_ms)
        case step.action
        when :done then return call.finish
        when :wait then sleep(step.ms / 1000.0)
        else report(call, @http.send_request(step.http_method, step.url, step.headers, step.body, step.ms))
        end
      end
    ensure
      call.free
    end

    def report(call, response)
      case response
      when HTTP::Response then call.on_response(response.status, response.headers, response.body, now_ms)
      else call.on_failure(response, now_ms)
      end
    end

    def now_ms = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
  end

  # The session operations: a method for each.
  class Sessions
    # One method for each operation of the library. Parameters are given by name, or in `request:` or `body:` as with Clerk's own
    # gem. Parameters of the path can also be positional: get("sess_1"). Each method raises an Error if the call fails.
    Operations = Module.new do
      Native.operations.each do |operation|
        in_path = operation["path"].scan(/\{(\w+)\}/).flatten.map(&:to_sym)
        define_method(operation["name"]) do |*values, request: nil, body: nil, **parameters|
          if values.size > in_path.size
            raise ArgumentError, "#{operation['name']} takes #{in_path.size} by place (#{in_path.join(', ')}), not #{values.size}"
          end
          parameters = in_path.zip(values).first(values.size).to_h.merge(requested(request), requested(body), parameters)
          result(@client.call(operation["id"], parameters, @options))
        end
      end
    end
    private_constant :Operations
    include Operations

    def initialize(client, options = {})
      @client = client
      @options = options
    end

    # The same operations, with these options over the present ones.
    def with_options(**options) = Sessions.new(@client, @options.merge(options))

    # All sessions of a list: an Enumerator of Records. It takes the parameters of list. A page is requested when its first
    # session is needed; `limit` is the size of a page (500 by default).
    def pages(request: nil, **parameters)
      parameters = requested(request).merge(parameters)
      client, options = @client, @options
      Enumerator.new do |to|
        client.each_page(parameters, options) { |page| Record.of(page).each { |session| to << session } }
      end
    end

    # Revokes all sessions of a user_id or a client_id that are signed in, except those whose ids are in `except`. Returns a
    # Record with revoked, gone, failed, unconfirmed, incomplete and is_complete. is_complete is true only if a full list,
    # read after the last revoke, showed no other session signed in.
    def revoke_all(request: nil, **parameters)
      Record.of(@client.revoke_all(requested(request).merge(parameters), @options))
    end

    private

    # The parameters of a request object, without those that are not set: they are nil. Objects of Clerk's own gem have to_dict.
    def requested(request)
      fields = request.respond_to?(:to_dict) ? request.to_dict : request.to_h
      fields.transform_keys(&:to_sym).compact
    end

    def result(json)
      return List.new(json) if json.is_a?(Array)
      # A list is an Array, or an object with data and total_count.
      return List.new(json["data"], json["total_count"]) if json.is_a?(Hash) && json["data"].is_a?(Array)

      Record.of(json)
    end
  end
end
