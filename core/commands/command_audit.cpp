// audit
#include <algorithm>
#include <charconv>
#include <iostream>

#include "core/base/identifiers.hpp"
#include "core/commands/command.hpp"
#include "core/commands/opened_server.hpp"
#include "core/commands/user_argument.hpp"
#include "core/config/config.hpp"
#include "core/services/audit/audit.hpp"

namespace mortise::commands {

namespace {

// Rows read per query; a longer answer takes several.
constexpr std::int64_t kPage = 500;

// Parses a point in time, or an age such as "7d".
std::int64_t timeFrom(const std::string& flag, const std::string& text) {
  if (const auto moment = services::auditTime(text)) return *moment;
  constexpr std::int64_t kMillisecond = 1000;
  if (const auto ago = config::parseDuration(text)) return nowMicros() - *ago * kMillisecond;
  throw UsageError("--" + flag + " \"" + text +
                   "\" is neither a time (2026-02-24T09:30:00Z, 2026-02-24) nor how long ago (90m, 24h, 7d)");
}

std::int64_t limitFrom(const std::string& text) {
  std::int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > 1'000'000)
    throw UsageError("--limit \"" + text + "\" should be a whole number from 1 to 1000000");
  return limit;
}

// Replaces user ids by names where the accounts still exist: the audit trail stores ids.
std::string actorFrom(identity::Identity& identity, const std::string& word) {
  const auto user = word.empty() ? std::nullopt : findUser(identity, word);
  return user ? user->id : word;
}

std::string targetFrom(identity::Identity& identity, const std::string& word) {
  if (word.empty() || word.find(':') != std::string::npos) return word;
  return "user:" + requireUser(identity, word).id;
}

std::string orDash(const std::string& text) { return text.empty() ? "-" : text; }

void print(const services::AuditEntry& entry, bool json) {
  if (json) {
    std::cout << toJson(entry) << '\n';
    return;
  }
  std::cout << isoMillis(entry.at) << "  " << orDash(entry.actor) << "  " << entry.action << "  "
            << orDash(entry.target) << "  " << orDash(entry.ip) << "  " << orDash(entry.requestId) << "  "
            << orDash(entry.details) << '\n';
}

int audit(const Program& program, const Arguments& arguments) {
  services::AuditFilter filter;
  filter.action = arguments.flag("action");
  if (arguments.has("since")) filter.since = timeFrom("since", arguments.flag("since"));
  if (arguments.has("until")) filter.until = timeFrom("until", arguments.flag("until"));
  const auto limit = limitFrom(arguments.flag("limit", "100"));
  const OpenedServer server(program, arguments);
  server->migrate();
  filter.actor = actorFrom(server->identity(), arguments.flag("actor"));
  filter.target = targetFrom(server->identity(), arguments.flag("target"));

  // Rows written meanwhile are newer than all of these; excluding them keeps the pages from shifting.
  filter.until = std::min(filter.until, nowMicros() + 1);
  services::Audit trail(server->database());
  std::int64_t total = 0;
  while (filter.skip < limit) {
    filter.limit = std::min(kPage, limit - filter.skip);
    const auto entries = trail.list(filter, total);
    for (const auto& entry : entries) print(entry, arguments.has("json"));
    filter.skip += static_cast<std::int64_t>(entries.size());
    if (static_cast<std::int64_t>(entries.size()) < filter.limit) break;
  }
  if (total > filter.skip) std::cerr << total - filter.skip << " older entries are left out; see --limit\n";
  return 0;
}

}  // namespace

std::vector<Command> auditCommands() {
  return {
      {"audit",
       "Show who did what to whom",
       {"mortise audit [--actor WHO] [--action NAME] [--target WHAT] [--since TIME] [--until TIME] [--limit N] "
        "[--json]",
        "Newest first; one line each: time, actor, action, target, address, request id, details. A time is "
        "2026-02-24T09:30:00Z, 2026-02-24, or how long ago: 24h, 7d.",
        {},
        {{"actor", "WHO", "A user (id, name or e-mail address), operator (the command line), module:NAME or kernel"},
         {"action", "NAME", "What was done: user.role_changed; with a dot at its end all below it: user."},
         {"target", "WHAT", "What it was done to: a user (id, name or e-mail address), or KIND:ID"},
         {"since", "TIME", "Not before this time"},
         {"until", "TIME", "Before this time"},
         {"limit", "N", "Most entries, 100 unless told"},
         {"json", "", "One JSON object for each entry"}}},
       audit},
  };
}

}  // namespace mortise::commands
