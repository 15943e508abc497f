# frozen_string_literal: true

# A client for Clerk's Sessions API. A shared library without I/O makes the requests, decides about retries and reads the
# responses. This gem sends the requests by Net::HTTP and gives the library the time.
module ClerkSessions
  VERSION = "0.1.0"
end

require_relative "clerk_sessions/errors"
require_relative "clerk_sessions/native"
require_relative "clerk_sessions/http"
require_relative "clerk_sessions/record"
require_relative "clerk_sessions/client"
