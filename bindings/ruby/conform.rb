# frozen_string_literal: true

# Makes the calls of the conformance table: `conform ruby -Ilib conform.rb`. For each case it reads four lines
# (settings, operationId, parameters, an empty one) and responds with one.

require "json"
require "clerk_sessions"

def respond(settings, operation, params)
  client = ClerkSessions::Client.new(api_url: nil, **settings.transform_keys(&:to_sym))
  { result: client.call(operation, params) }
rescue ClerkSessions::Error => error
  { error: error.to_h }
ensure
  client&.close
end

while (line = $stdin.gets)
  settings, operation, params = JSON.parse(line), $stdin.gets.chomp, JSON.parse($stdin.gets)
  $stdin.gets
  puts JSON.generate(respond(settings, operation, params))
  $stdout.flush
end
