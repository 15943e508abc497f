# frozen_string_literal: true

require "minitest/autorun"
require "clerk_sessions"

# Tests the Ruby code of the migration guides. Our code runs with FakeClerk; code of the other gem is only compiled.
class TestGuides < Minitest::Test
  GUIDES = Dir[File.expand_path("../../../docs/migrating/*.md", __dir__)].sort
  # The label, text, guide and first line of each code block.
  BLOCKS = GUIDES.flat_map do |guide|
    text = File.read(guide, encoding: "UTF-8")
    text.enum_for(:scan, /^```(ruby|ruby theirs)\n(.*?)^```$/m).map do
      found = Regexp.last_match
      [found[1], found[2], guide, found.pre_match.count("\n") + 2]
    end
  end

  def self.fake
    @fake ||= begin
      out = IO.popen([ENV.fetch("FAKE_CLERK")])
      Minitest.after_run { Process.kill(:TERM, out.pid) }
      2.times.to_h { out.gets.chomp.split("=", 2) }
    end
  end

  def setup
    @before = ENV.to_h
    ENV.delete_if { |name, _| name.downcase.end_with?("_proxy") }
    ENV.update(self.class.fake)
    ENV["PATH"] = [File.dirname(File.expand_path(ENV.fetch("FAKE_CLERK"))), ENV.fetch("PATH")].join(File::PATH_SEPARATOR)
    sessions = %w[sess_123 sess_here].map { |id| { id: id, user_id: "user_123" } }
    control("reset", users: ["user_123"], organizations: [{ id: "org_123" }], templates: ["hasura"], sessions: sessions)
  end

  def teardown = ENV.replace(@before)

  def control(name, body)
    url = URI("#{ENV.fetch("CLERK_API_URL")}/_fake/#{name}")
    response = Net::HTTP.post(url, JSON.generate(body), "content-type" => "application/json")
    assert_equal "200", response.code, response.body
    JSON.parse(response.body)
  end

  def test_the_guides_have_code_blocks
    labels = BLOCKS.map(&:first)
    assert_operator labels.count("ruby"), :>=, 5
    assert_operator labels.count("ruby theirs"), :>=, 1
  end

  BLOCKS.each do |label, text, guide, line|
    define_method("test_#{File.basename(guide)}_line_#{line}") do
      assert RubyVM::InstructionSequence.compile(text, guide, guide, line)
      next unless label == "ruby"

      # Methods of the block are defined only on this object.
      program = Object.new
      capture_io { eval(text, program.instance_eval { binding }, guide, line) }
      next unless program.respond_to?(:refresh, true)

      tokens = control("handshake", session_id: "sess_123", origin: "https://app.example.com")
      jwt = program.refresh(ClerkSessions::Client.new, *tokens.values_at("expired_token", "refresh_token"))
      assert_equal 2, jwt.count(".")
    end
  end
end
