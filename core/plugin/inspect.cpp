#include <algorithm>
#include <sstream>

#include "core/base/json.hpp"
#include "core/base/terminal_text.hpp"
#include "core/plugin/check.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::plugin {
namespace {

const char* word(config::Type type) {
  switch (type) {
    case config::Type::string:
      return "string";
    case config::Type::integer:
      return "integer";
    case config::Type::boolean:
      return "boolean";
    case config::Type::duration:
      return "duration";
    case config::Type::size:
      return "size";
    case config::Type::list:
      return "list";
  }
  return "?";
}

// Text of the file for a terminal.
std::string plain(const std::string& text) { return terminalLine(text); }

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + plain(name);
  return all.empty() ? "nothing" : all;
}

using Rows = std::vector<std::vector<std::string>>;

void table(std::ostream& out, const char* title, const Rows& rows) {
  if (rows.empty()) return;
  out << '\n' << title << '\n';
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += " " + row[i] + std::string(i + 1 < row.size() ? widths[i] - row[i].size() + 1 : 0, ' ');
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

Rows operationsOf(const Manifest& manifest) {
  Rows rows;
  for (const auto& source : manifest.contracts) {
    json::Document document;
    json::ParseError error;
    if (!json::parse(source.json, document, error)) continue;
    const auto* paths = json::member(document, "paths");
    if (paths == nullptr || !paths->IsObject()) continue;
    for (const auto& path : paths->GetObject()) {
      if (!path.value.IsObject()) continue;
      for (const auto& method : path.value.GetObject()) {
        if (!method.value.IsObject() || json::textMember(method.value, "operationId").empty()) continue;
        std::string verb(json::view(method.name));
        std::transform(verb.begin(), verb.end(), verb.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        const auto permission = json::textMember(method.value, "x-mortise-permission", "anybody");
        rows.push_back({plain(verb), plain(std::string(json::view(path.name))),
                        plain(std::string(json::textMember(method.value, "operationId"))),
                        plain(std::string(permission)),
                        plain(std::string(json::textMember(method.value, "x-mortise-feature")))});
      }
    }
  }
  return rows;
}

}  // namespace

std::string inspect(const std::string& path) {
  const auto manifest = Manifest::readFromFile(path);
  std::ostringstream out;
  out << manifest.name << ' ' << plain(manifest.version) << '\n';
  if (!manifest.summary.empty()) out << plain(manifest.summary) << '\n';
  out << "\nfile      " << manifest.path << '\n'
      << "sdk       " << manifest.sdkMajor << '.' << manifest.sdkMinor << " or newer\n"
      << "needs     " << joined(manifest.needs) << '\n'
      << "optional  " << joined(manifest.optional) << '\n'
      << "provides  " << joined(manifest.provides) << '\n'
      << "exports   " << joined(manifest.exports) << '\n';
  Rows options, permissions, features, jobs, commands, migrations, languages;
  for (const auto& option : manifest.options) {
    const auto shown = option.secret             ? std::string("(secret)")
                       : option.fallback.empty() ? std::string("-")
                                                 : plain(option.fallback);
    options.push_back({option.name(), word(option.type), shown, plain(option.help)});
  }
  for (const auto& permission : manifest.permissions)
    permissions.push_back({plain(permission.name), joined(permission.roles), plain(permission.help)});
  for (const auto& feature : manifest.features) features.push_back({feature.name, feature.tier, plain(feature.help)});
  for (const auto& job : manifest.jobs)
    jobs.push_back({job.id, job.trigger.empty() ? "when asked" : plain(job.trigger), plain(job.help)});
  for (const auto& command : manifest.commands)
    commands.push_back({manifest.name + " " + command.name, plain(command.help)});
  for (const auto& migration : manifest.migrations) migrations.push_back({plain(migration.name)});
  for (const auto& [language, texts] : manifest.messages)
    languages.push_back({plain(language), std::to_string(texts.size()) + " texts"});
  table(out, "options (name, type, default)", options);
  table(out, "permissions (name, roles that have it)", permissions);
  table(out, "features (name, lowest tier that has it)", features);
  table(out, "operations (method, path, id, permission, feature)", operationsOf(manifest));
  table(out, "jobs (id, trigger)", jobs);
  table(out, "commands (mortise ... --help)", commands);
  table(out, "migrations", migrations);
  table(out, "messages", languages);
  return out.str();
}

}  // namespace mortise::plugin
