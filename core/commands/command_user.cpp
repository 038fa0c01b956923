// user create | list | show | set-role | set-status | set-tier | set-password | sign-out | delete
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/commands/command.hpp"
#include "core/commands/opened_server.hpp"
#include "core/commands/user_argument.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/identity/identity.hpp"
#include "core/services/audit/audit.hpp"
#include "mortise/roles.hpp"
#include "mortise/tier.hpp"
#include "mortise/white_space.hpp"

namespace mortise::commands {

namespace {

// Reads the password from --password-stdin, or asks for it at the terminal without echo. Never takes it from the
// command line, which every user of the machine can read.
std::string readPassword(const Arguments& arguments) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (!arguments.has("password-stdin") && !terminal)
    throw UsageError("no terminal to ask for the password; use --password-stdin");
  termios before{};
  const bool hide = terminal && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (hide) {
    auto silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    std::cerr << "Password: " << std::flush;  // only after echo is off: characters typed at once must not show either
  }
  std::string password;
  std::getline(std::cin, password);
  if (hide) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << '\n';
  }
  const auto length = text::length(password);
  const auto limits = contract::administratorPassword();
  if (length < limits.least || length > limits.most) {
    throw UsageError("the password must have " + std::to_string(limits.least) + " to " + std::to_string(limits.most) +
                     " characters");
  }
  return password;
}

// user, viewer, ...
std::string rolesText() {
  std::string text;
  for (const auto role : kRoles) text += (text.empty() ? "" : ", ") + std::string(role);
  return text;
}

void requireRole(const std::string& role) {
  for (const auto known : kRoles) {
    if (role == known) return;
  }
  throw UsageError("unknown role \"" + role + "\"; known: " + rolesText());
}

void record(kernel::Kernel& server, const std::string& action, const std::string& userId, const std::string& details) {
  services::Audit(server.database()).record({{}, 0, "operator", action, "user:" + userId, details, {}, {}});
}

OpenedServer openMigrated(const Program& program, const Arguments& arguments) {
  OpenedServer server(program, arguments);
  server->migrate();
  return server;
}

int create(const Program& program, const Arguments& arguments) {
  const auto role = arguments.flag("role", "user");
  requireRole(role);
  identity::NewUser user;
  user.username = arguments.word(0);
  user.email = text::lower(withoutSpaceAround(arguments.flag("email")));
  if (user.username.empty() || user.username.find('@') != std::string::npos)
    throw UsageError("a user name must not be empty nor contain @");
  user.role = role;
  user.emailConfirmedAt = user.email.empty() ? 0 : nowMicros();
  user.password = readPassword(arguments);
  const auto server = openMigrated(program, arguments);
  identity::User created;
  try {
    created = server->identity().create(user);
  } catch (const Problem& problem) {
    if (problem.code == "username_taken") throw std::runtime_error("the user name \"" + user.username + "\" is taken");
    if (problem.code == "username_invalid") {
      throw UsageError("the user name \"" + user.username +
                       "\" has characters that user names may not have, or two blanks in a row; PRECIS (RFC 8265) says "
                       "which may be in it");
    }
    if (problem.code == "email_taken") throw std::runtime_error("the e-mail address \"" + user.email + "\" is taken");
    throw;
  }
  record(*server, "user.created", created.id, "{\"role\":\"" + role + "\"}");
  std::cout << created.id << '\n';
  return 0;
}

int list(const Program& program, const Arguments& arguments) {
  const auto server = openMigrated(program, arguments);
  std::int64_t total = 0;
  constexpr std::int64_t kPage = 500;
  for (std::int64_t skip = 0;; skip += kPage) {
    const auto users = server->identity().list(skip, kPage, total);
    for (const auto& user : users) {
      std::cout << user.id << "  " << (user.username.empty() ? "-" : user.username) << "  "
                << (user.email.empty() ? "-" : user.email) << "  " << user.role << "  " << user.status << "  "
                << isoMillis(user.createdAt) << '\n';
    }
    if (static_cast<std::int64_t>(users.size()) < kPage) break;
  }
  return 0;
}

int setRole(const Program& program, const Arguments& arguments) {
  const auto role = arguments.word(1);
  requireRole(role);
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  identity::UserChange change;
  change.role = role;
  server->identity().change(user.id, change);
  record(*server, "user.role_changed", user.id, "{\"from\":\"" + user.role + "\",\"to\":\"" + role + "\"}");
  std::cout << user.id << " is now " << role << '\n';
  return 0;
}

void requireStatus(const std::string& status) {
  if (status == "active" || status == "inactive" || status == "banned") return;
  throw UsageError("unknown status \"" + status + "\"; known: active, inactive, banned");
}

void requireTier(const std::string& tier) {
  std::string known;
  for (const auto name : kTiers) {
    if (tier == name) return;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw UsageError("unknown tier \"" + tier + "\"; known: " + known + ", default");
}

std::string orNone(const std::string& text) { return text.empty() ? "none" : text; }
std::string timeOr(std::int64_t time, const char* fallback) { return time == 0 ? fallback : isoMillis(time); }

int show(const Program& program, const Arguments& arguments) {
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  const auto keys = server->identity().apiKeys().list(user.id, {});
  const auto live =
      std::count_if(keys.begin(), keys.end(), [](const identity::ApiKey& key) { return key.isUsable(nowMicros()); });
  std::cout << "id:               " << user.id << '\n'
            << "number:           " << user.number << '\n'
            << "user name:        " << orNone(user.username) << '\n'
            << "e-mail:           " << orNone(user.email) << '\n'
            << "e-mail confirmed: " << timeOr(user.emailConfirmedAt, "no") << '\n'
            << "nickname:         " << orNone(user.nickname) << '\n'
            << "role:             " << user.role << '\n'
            << "status:           " << user.status << '\n'
            << "tier:             " << server->identity().ownTier(user) << '\n'
            << "organisation:     "
            << (user.orgId.empty() ? "none" : user.orgId + ", " + user.orgRole + ", tier " + user.orgTier) << '\n'
            << "password:         " << (user.passwordHash.empty() ? "none" : "set") << '\n'
            << "API keys:         " << live << " in use, " << keys.size() << " in all\n"
            << "created:          " << isoMillis(user.createdAt) << '\n'
            << "last login:       " << timeOr(user.lastLoginAt, "never") << '\n';
  return 0;
}

int setStatus(const Program& program, const Arguments& arguments) {
  const auto status = arguments.word(1);
  requireStatus(status);
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  identity::UserChange change;
  change.status = status;
  server->identity().change(user.id, change);
  record(*server, "user.status_changed", user.id, "{\"from\":\"" + user.status + "\",\"to\":\"" + status + "\"}");
  std::cout << user.id << " is now " << status << '\n';
  return 0;
}

int setTier(const Program& program, const Arguments& arguments) {
  const auto tier = arguments.word(1) == "default" ? std::string() : arguments.word(1);
  if (!tier.empty()) requireTier(tier);
  const auto server = openMigrated(program, arguments);
  auto& identity = server->identity();
  const auto user = requireUser(identity, arguments.word(0));
  identity::UserChange change;
  change.tier = tier;
  const auto changed = identity.change(user.id, change);
  record(*server, "user.tier_changed", user.id,
         "{\"from\":\"" + identity.ownTier(user) + "\",\"to\":\"" + identity.ownTier(changed) + "\"}");
  std::cout << user.id << " now has the tier " << identity.ownTier(changed) << '\n';
  if (identity.effectiveTier(changed) != identity.ownTier(changed))
    std::cout << "its organisation's tier counts: " << identity.effectiveTier(changed) << '\n';
  return 0;
}

// Returns how many keys could still be used; with `end` none can afterwards.
std::size_t keysOf(identity::Identity& identity, const std::string& userId, bool end) {
  std::size_t keys = 0;
  for (const auto& key : identity.apiKeys().list(userId, {})) {
    if (!key.isUsable(nowMicros())) continue;
    if (end) identity.apiKeys().deactivate(userId, key.id);
    ++keys;
  }
  return keys;
}

int signOut(const Program& program, const Arguments& arguments) {
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  server->identity().revokeAll(user.id);
  const std::size_t keys = arguments.has("keys") ? keysOf(server->identity(), user.id, true) : 0;
  record(*server, "user.signed_out", user.id, "{\"keys\":" + std::to_string(keys) + "}");
  std::cout << user.id << " is signed out everywhere";
  if (arguments.has("keys")) std::cout << "; API keys switched off: " << keys;
  std::cout << '\n';
  return 0;
}

// At a terminal, asks the user; a script passes --yes.
void confirm(const Arguments& arguments, const std::string& question) {
  if (arguments.has("yes")) return;
  if (::isatty(STDIN_FILENO) != 1) throw UsageError("no terminal to ask at; say --yes");
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw UsageError("nothing was changed");
}

int remove(const Program& program, const Arguments& arguments) {
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  confirm(arguments, "Delete the account " + arguments.word(0) + " (" + user.id + ", " + user.role + ") for good?");
  server->identity().remove(user.id);
  record(*server, "user.deleted", user.id, "{\"role\":\"" + user.role + "\"}");
  std::cout << user.id << " is deleted\n";
  return 0;
}

int setPassword(const Program& program, const Arguments& arguments) {
  const auto server = openMigrated(program, arguments);
  const auto user = requireUser(server->identity(), arguments.word(0));
  server->identity().setPassword(user.id, readPassword(arguments));
  const bool end = arguments.has("keys");
  const auto keys = keysOf(server->identity(), user.id, end);
  record(*server, "user.password_set", user.id,
         "{\"api_keys\":" + std::to_string(keys) + ",\"api_keys_ended\":" + (end ? "true" : "false") + "}");
  std::cout << user.id << " has a new password; all sessions and tokens of this user are revoked\n";
  if (end) {
    std::cout << "API keys switched off: " << keys << '\n';
  } else if (keys > 0) {
    std::cout << "API keys that still work: " << keys << "; mortise user sign-out " << user.id
              << " --keys switches them off\n";
  }
  return 0;
}

}  // namespace

std::vector<Command> userCommands() {
  const Flag fromStdin{"password-stdin", "", "Read the password from standard input instead of asking for it"};
  return {
      {"user create",
       "Make an account",
       {"mortise user create USERNAME [--email ADDRESS] [--role ROLE] [--password-stdin]",
        "Prints the new id. The address counts as confirmed. Works while the server runs.",
        {"USERNAME"},
        {{"email", "ADDRESS", "E-mail address"},
         {"role", "ROLE", "user (default), viewer, guest, admin, super_admin, service_role"},
         fromStdin}},
       create},
      {"user list",
       "List all accounts, newest first",
       {"mortise user list", "One line each: id, user name, e-mail, role, status, created.", {}, {}},
       list},
      {"user show",
       "Show one account",
       {"mortise user show USER", "USER: id, user name or e-mail address.", {"USER"}, {}},
       show},
      {"user set-role",
       "Give an account another role; acts on its next request",
       {"mortise user set-role USER ROLE", "USER: id, user name or e-mail address.", {"USER", "ROLE"}, {}},
       setRole},
      {"user set-password",
       "Set a new password and revoke all sessions of the account",
       {"mortise user set-password USER [--password-stdin] [--keys]",
        "USER: id, user name or e-mail address. API keys go on unless --keys is given; how many there are is printed.",
        {"USER"},
        {fromStdin, {"keys", "", "Switch off the account's API keys, too"}}},
       setPassword},
      {"user set-status",
       "Ban an account, switch it off or on again; acts on its next request",
       {"mortise user set-status USER STATUS",
        "USER: id, user name or e-mail address. STATUS: active, inactive, banned. Whatever but active ends all "
        "sessions "
        "and tokens of the account.",
        {"USER", "STATUS"},
        {}},
       setStatus},
      {"user set-tier",
       "Give an account another tier; acts on its next request",
       {"mortise user set-tier USER TIER",
        "USER: id, user name or e-mail address. TIER: free, starter, pro, team, enterprise, or default for what "
        "identity.default_tier says. In an organisation the organisation's tier counts.",
        {"USER", "TIER"},
        {}},
       setTier},
      {"user sign-out",
       "End all sessions and tokens of an account",
       {"mortise user sign-out USER [--keys]",
        "USER: id, user name or e-mail address. API keys go on unless --keys is given.",
        {"USER"},
        {{"keys", "", "Switch off the account's API keys, too"}}},
       signOut},
      {"user delete",
       "Delete an account",
       {"mortise user delete USER [--yes]",
        "USER: id, user name or e-mail address. Its sessions, tokens and keys end with it. The audit trail keeps its "
        "id.",
        {"USER"},
        {{"yes", "", "Do not ask"}}},
       remove},
  };
}

}  // namespace mortise::commands
