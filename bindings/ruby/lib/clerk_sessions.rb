# frozen_string_literal: true

# Clerk's Sessions API. What to send, what to repeat and how to read it is decided by a shared library that does no I/O;
# this gem brings Net::HTTP, the clock and Ruby's manners.
module ClerkSessions
  VERSION = "0.1.0"
end

require_relative "clerk_sessions/errors"
require_relative "clerk_sessions/native"
require_relative "clerk_sessions/http"
require_relative "clerk_sessions/record"
require_relative "clerk_sessions/client"
