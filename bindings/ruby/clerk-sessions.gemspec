# frozen_string_literal: true

Gem::Specification.new do |gem|
  gem.name = "clerk-sessions"
  gem.version = File.read(File.join(__dir__, "lib/clerk_sessions.rb"))[/VERSION = "(.+)"/, 1]
  gem.summary = "Clerk's Sessions API: list, create, get, refresh and revoke sessions, mint session tokens"
  gem.authors = ["The clerk-sessions authors"]
  gem.license = "MIT"
  gem.required_ruby_version = ">= 3.1"
  # With the shared library of this platform, which is put beside the Ruby files before the gem is built.
  gem.platform = Gem::Platform.local
  gem.files = Dir.chdir(__dir__) { Dir["lib/**/*.{rb,so,dylib}"] + ["README.md"] }
  # From Ruby 4.0 on it does not come along by itself.
  gem.add_dependency "fiddle", "~> 1.1"
end
