// user create | list | set-role | set-password
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/commands/command.hpp"
#include "core/identity/identity.hpp"
#include "core/services/audit/audit.hpp"

namespace mortise::commands {

namespace {

constexpr std::size_t kLeastAdminPassword = 8;

// From --password-stdin, or asked for at the terminal without echo. Never from the command line, where every user of
// the machine can read it.
std::string readPassword(const Arguments& arguments) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (!arguments.has("password-stdin") && !terminal)
    throw UsageError("no terminal to ask for the password; use --password-stdin");
  termios before{};
  const bool hide = terminal && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (hide) {
    std::cerr << "Password: " << std::flush;
    auto silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (hide) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << '\n';
  }
  const auto length = text::length(password);
  if (length < kLeastAdminPassword || length > 128) throw UsageError("the password must have 8 to 128 characters");
  return password;
}

identity::User resolve(identity::Identity& identity, const std::string& word) {
  using identity::UserKey;
  for (const auto key : {UserKey::id, UserKey::username, UserKey::email}) {
    if (key == UserKey::id && !isUuid(word)) continue;
    if (auto user = identity.find(key, key == UserKey::email ? text::lower(word) : word)) return *user;
  }
  throw UsageError("no user has the id, user name or e-mail address \"" + word + "\"");
}

void requireRole(const std::string& role) {
  for (const auto* known : {"user", "viewer", "guest", "admin", "super_admin", "service_role"}) {
    if (role == known) return;
  }
  throw UsageError("unknown role \"" + role + "\"; known: user, viewer, guest, admin, super_admin, service_role");
}

void record(kernel::Kernel& server, const std::string& action, const std::string& userId, const std::string& details) {
  services::Audit(server.database()).record({{}, 0, "operator", action, "user:" + userId, details, {}, {}});
}

std::unique_ptr<kernel::Kernel> openStores(const Program& program, const Arguments& arguments) {
  auto server = prepare(program, arguments);
  server->migrate();
  return server;
}

int create(const Program& program, const Arguments& arguments) {
  const auto role = arguments.flag("role", "user");
  requireRole(role);
  identity::NewUser user;
  user.username = arguments.word(0);
  user.email = text::lower(text::trim(arguments.flag("email")));
  if (user.username.empty() || user.username.find('@') != std::string::npos)
    throw UsageError("a user name must not be empty nor contain @");
  user.role = role;
  user.emailConfirmedAt = user.email.empty() ? 0 : nowMicros();
  user.password = readPassword(arguments);
  const auto server = openStores(program, arguments);
  identity::User made;
  try {
    made = server->identity().create(user);
  } catch (const Problem& problem) {
    if (problem.code == "username_taken") throw std::runtime_error("the user name \"" + user.username + "\" is taken");
    if (problem.code == "email_taken") throw std::runtime_error("the e-mail address \"" + user.email + "\" is taken");
    throw;
  }
  record(*server, "user.created", made.id, "{\"role\":\"" + role + "\"}");
  std::cout << made.id << '\n';
  return 0;
}

int list(const Program& program, const Arguments& arguments) {
  const auto server = openStores(program, arguments);
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
  const auto server = openStores(program, arguments);
  const auto user = resolve(server->identity(), arguments.word(0));
  identity::UserChange change;
  change.role = role;
  server->identity().change(user.id, change);
  record(*server, "user.role_changed", user.id, "{\"from\":\"" + user.role + "\",\"to\":\"" + role + "\"}");
  std::cout << user.id << " is now " << role << '\n';
  return 0;
}

int setPassword(const Program& program, const Arguments& arguments) {
  const auto server = openStores(program, arguments);
  const auto user = resolve(server->identity(), arguments.word(0));
  server->identity().setPassword(user.id, readPassword(arguments));
  record(*server, "user.password_set", user.id, {});
  std::cout << user.id << " has a new password; all sessions and tokens of this user are revoked\n";
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
      {"user set-role",
       "Give an account another role; acts on its next request",
       {"mortise user set-role USER ROLE", "USER: id, user name or e-mail address.", {"USER", "ROLE"}, {}},
       setRole},
      {"user set-password",
       "Set a new password and revoke all sessions of the account",
       {"mortise user set-password USER [--password-stdin]",
        "USER: id, user name or e-mail address.",
        {"USER"},
        {fromStdin}},
       setPassword},
  };
}

}  // namespace mortise::commands
