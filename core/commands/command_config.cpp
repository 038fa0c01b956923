// check-config, openapi, version
#include <iostream>

#include "core/commands/command.hpp"

namespace mortise::commands {

namespace {

constexpr int kIncomplete = 3;

int checkConfig(const Program& program, const Arguments& arguments) {
  const auto server = prepare(program, arguments);
  if (arguments.has("sample")) {
    std::cout << config::sample(server->config().table());
    return 0;
  }
  if (arguments.has("show")) {
    for (const auto& option : server->config().table().all()) {
      const auto name = option.name();
      std::string value;
      if (option.type == config::Type::list) {
        for (const auto& item : server->config().list(name)) value += (value.empty() ? "" : ", ") + item;
      } else {
        value = server->config().text(name);
      }
      std::cout << name << " = " << (option.secret && !value.empty() ? "(secret)" : value) << "   # "
                << server->config().origin(name) << '\n';
    }
    for (const auto& line : server->rateLimits()) std::cout << "rate limit " << line << '\n';
  }
  server->openApi();  // compiles every contract and the route table
  auto without = server->notes();
  without.insert(without.end(), server->refusals().begin(), server->refusals().end());
  for (const auto& line : without) std::cerr << "mortise: " << line << '\n';
  if (without.empty()) {
    std::cout << "the configuration is sound\n";
    return 0;
  }
  std::cout << "the server will start without " << (without.size() == 1 ? "this" : "these") << '\n' << std::flush;
  return arguments.has("strict") ? kIncomplete : 0;
}

int openApi(const Program& program, const Arguments& arguments) {
  std::cout << prepare(program, arguments)->openApi() << '\n';
  return 0;
}

int version(const Program&, const Arguments&) {
  std::cout << "mortise " MORTISE_VERSION "\n";
  return 0;
}

}  // namespace

std::vector<Command> configCommands() {
  return {
      {"check-config",
       "Check configuration and modules without starting anything",
       {"mortise check-config [--config FILE] [--strict] [--show | --sample]",
        "Reads every setting and every enabled module's manifest and contracts. Exit status 0: serve starts, though "
        "perhaps without a module, which is named; with --strict that is 3. Exit status 1: serve does not start.",
        {},
        {{"strict", "", "Exit status 3 when the server would start without a module or a setting"},
         {"show", "", "List every option with its value and where it comes from, and every rate limit"},
         {"sample", "", "Print a commented sample file of all options"}}},
       checkConfig},
      {"openapi",
       "Print the merged OpenAPI document of all enabled modules",
       {"mortise openapi [--config FILE]",
        "The same document that the running server answers at /openapi.json.",
        {},
        {}},
       openApi},
      {"version", "Print the version", {"mortise version", "Prints the version.", {}, {}, false}, version},
  };
}

}  // namespace mortise::commands
