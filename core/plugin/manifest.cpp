#include "core/plugin/manifest.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <set>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/config/values.hpp"
#include "core/plugin/elf_image.hpp"
#include "core/plugin/shipped_modules.hpp"
#include "core/services/jobs/trigger.hpp"
#include "mortise/abi/module.h"
#include "mortise/tier.hpp"

namespace mortise::plugin {
namespace {

constexpr int kManifestFormat = 1;
constexpr std::size_t kMaxFileBytes = std::size_t{512} << 20;
constexpr std::size_t kMaxManifestBytes = std::size_t{32} << 20;
constexpr const char* kRebuild = "; build it with mortise_add_module()";

bool isLowerWord(std::string_view text, std::string_view alsoAllowed, std::size_t limit) {
  if (text.empty() || text.size() > limit || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           alsoAllowed.find(c) != std::string_view::npos;
  });
}

// What a module's name decides is the server's own then: a section of the configuration, with its secrets, or the
// tables that begin with it.
bool isTaken(std::string_view name) {
  if (name == "kernel" || name == "mortise" || name.starts_with("mortise_")) return true;
  const auto& options = config::kernelOptions();
  return std::any_of(options.begin(), options.end(), [&](const auto& option) { return option.section == name; });
}

// The kernel or the module that ships, when `permission` begins with its name; else empty.
std::string ownerOf(std::string_view permission) {
  const auto owner = permission.substr(0, permission.find('.'));
  const auto shipped = shippedModules();
  const bool owned = owner.size() < permission.size() &&
                     (owner == "kernel" || std::find(shipped.begin(), shipped.end(), owner) != shipped.end());
  return owned ? std::string(owner) : "";
}

// "db/1", "files.store/1"
bool isInterfaceName(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos || !isLowerWord(text.substr(0, slash), ".-", 64)) return false;
  const auto revision = text.substr(slash + 1);
  return !revision.empty() && revision.size() <= 4 && revision[0] != '0' &&
         std::all_of(revision.begin(), revision.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Formats text of the file for a message: printable, short.
std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text::head(text, 60))
    out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"') ? '?' : c;
  return out + (text.size() > 60 ? "...\"" : "\"");
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : path_(path) {
    manifest_.path = path;
    manifest_.text = std::string(text);
  }

  Manifest run() {
    json::ParseError error;
    if (!json::parse(manifest_.text, document_, error, json::Repeated::refuse)) {
      refuse("is not JSON: " + error.reason + " at byte " + std::to_string(error.offset));
    }
    if (!document_.IsObject()) refuse("is not a JSON object");
    readFormat();
    const auto* module = json::member(document_, "module");
    if (module == nullptr || !module->IsObject()) refuse("has no object \"module\"");
    readModule(*module);
    readContracts();
    readMigrations();
    readMessages();
    return std::move(manifest_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw Refusal(path_, "its manifest " + what + kRebuild); }

  void readFormat() {
    const auto* format = json::member(document_, "mortise_manifest");
    if (format == nullptr || !format->IsInt64()) refuse("does not say \"mortise_manifest\": 1");
    if (format->GetInt64() > kManifestFormat) {
      throw Refusal(path_, "its manifest has format " + std::to_string(format->GetInt64()) +
                               ", this kernel reads format 1; run a newer kernel");
    }
    if (format->GetInt64() != kManifestFormat) refuse("has the unknown format " + std::to_string(format->GetInt64()));
  }

  std::string text(const json::Value& object, const char* key, const std::string& where, bool required = true) const {
    const auto* value = json::member(object, key);
    if (value == nullptr || value->IsNull()) {
      if (required) refuse("lacks " + where + "." + key);
      return {};
    }
    if (!value->IsString()) refuse("expects a text in " + where + "." + key);
    return std::string(json::view(*value));
  }

  const json::Value* object(const json::Value& parent, const char* key, const std::string& where) const {
    const auto* value = json::member(parent, key);
    if (value == nullptr || value->IsNull()) return nullptr;
    if (!value->IsObject()) refuse("expects an object in " + where + key);
    return value;
  }

  const json::Value* list(const json::Value& parent, const char* key, const std::string& where) const {
    const auto* value = json::member(parent, key);
    if (value == nullptr || value->IsNull()) return nullptr;
    if (!value->IsArray()) refuse("expects a list in " + where + key);
    return value;
  }

  std::vector<std::string> texts(const json::Value& parent, const char* key, const std::string& where) const {
    std::vector<std::string> result;
    const auto* values = list(parent, key, where);
    if (values == nullptr) return result;
    for (const auto& value : values->GetArray()) {
      if (!value.IsString()) refuse("expects only texts in " + where + key);
      result.emplace_back(json::view(value));
    }
    return result;
  }

  // A scalar of YAML as the text that the operator would write.
  std::string scalar(const json::Value& value, const std::string& where) const {
    if (value.IsString()) return std::string(json::view(value));
    if (value.IsBool()) return value.GetBool() ? "true" : "false";
    if (value.IsNumber()) return json::toText(value);
    if (value.IsNull()) return {};
    if (value.IsArray()) {
      std::string joined;
      for (const auto& item : value.GetArray()) joined += (joined.empty() ? "" : ", ") + scalar(item, where);
      return joined;
    }
    refuse("expects a plain value in " + where);
  }

  void readModule(const json::Value& module) {
    manifest_.name = text(module, "name", "module");
    if (!isLowerWord(manifest_.name, "", 40)) {
      refuse("names the module " + shown(manifest_.name) + ", expected lower-case letters, digits and _");
    }
    if (isTaken(manifest_.name)) refuse("names the module " + shown(manifest_.name) + ", which is taken");
    manifest_.version = text(module, "version", "module");
    manifest_.summary = text(module, "summary", "module", false);
    readSdk(module);
    manifest_.needs = interfaces(module, "needs");
    manifest_.optional = interfaces(module, "optional");
    manifest_.provides = interfaces(module, "provides");
    readOptions(module);
    readPermissions(module);
    readFeatures(module);
    readJobs(module);
    readCommands(module);
    readDialects(module);
  }

  void readSdk(const json::Value& module) {
    const auto* sdk = json::member(module, "sdk");
    if (sdk == nullptr) refuse("lacks module.sdk");
    const std::string value = scalar(*sdk, "module.sdk");
    const auto number = [&](std::string_view digits) {
      if (digits.empty() || digits.size() > 4 ||
          !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        refuse("says module.sdk " + shown(value) + ", expected a number like 1.0");
      }
      return std::stoi(std::string(digits));
    };
    const auto dot = value.find('.');
    manifest_.sdkMajor = number(std::string_view(value).substr(0, dot));
    manifest_.sdkMinor = dot == std::string::npos ? 0 : number(std::string_view(value).substr(dot + 1));
  }

  std::vector<std::string> interfaces(const json::Value& module, const char* key) const {
    auto names = texts(module, key, "module.");
    for (const auto& name : names) {
      if (!isInterfaceName(name)) refuse("lists " + shown(name) + " in module." + key + ", expected a name like db/1");
    }
    return names;
  }

  void readOptions(const json::Value& module) {
    const auto* options = object(module, "options", "module.");
    if (options == nullptr) return;
    for (const auto& entry : options->GetObject()) {
      const auto key = json::view(entry.name);
      if (!isLowerWord(key, "", 60))
        refuse("names an option " + shown(key) + ", expected lower-case letters, digits and _");
      manifest_.options.push_back(option(entry, "module.options."));
    }
  }

  config::Option option(const json::Value::Member& entry, const std::string& list) const {
    config::Option option;
    option.section = manifest_.name;
    option.key = json::view(entry.name);
    const std::string where = list + option.key;
    if (!entry.value.IsObject()) refuse("expects an object in " + where);
    const auto type = text(entry.value, "type", where, false);
    if (type.empty() || type == "string")
      option.type = config::Type::string;
    else if (type == "integer")
      option.type = config::Type::integer;
    else if (type == "boolean")
      option.type = config::Type::boolean;
    else if (type == "duration")
      option.type = config::Type::duration;
    else if (type == "size")
      option.type = config::Type::size;
    else if (type == "list")
      option.type = config::Type::list;
    else
      refuse("gives " + where + " the unknown type " + shown(type));
    if (const auto* fallback = json::member(entry.value, "default"))
      option.fallback = scalar(*fallback, where + ".default");
    option.help = text(entry.value, "help", where);
    if (const auto* choices = this->list(entry.value, "choices", where + ".")) {
      for (const auto& choice : choices->GetArray()) option.choices.push_back(scalar(choice, where + ".choices"));
    }
    option.minimum = bound(entry.value, "minimum", where, option.type);
    option.maximum = bound(entry.value, "maximum", where, option.type);
    option.secret = flag(entry.value, "secret", where);
    option.repeatable = option.type == config::Type::list;
    return option;
  }

  std::optional<std::int64_t> bound(const json::Value& object, const char* key, const std::string& where,
                                    config::Type type) const {
    const auto* value = json::member(object, key);
    if (value == nullptr || value->IsNull()) return std::nullopt;
    if (value->IsInt64()) return value->GetInt64();
    std::optional<std::int64_t> parsed;
    if (value->IsString() && type == config::Type::duration) parsed = config::parseDuration(json::view(*value));
    if (value->IsString() && type == config::Type::size) parsed = config::parseSize(json::view(*value));
    if (!parsed) refuse("expects a number in " + where + "." + key);
    return parsed;
  }

  bool flag(const json::Value& object, const char* key, const std::string& where) const {
    const auto* value = json::member(object, key);
    if (value == nullptr || value->IsNull()) return false;
    if (!value->IsBool()) refuse("expects true or false in " + where + "." + key);
    return value->GetBool();
  }

  void readPermissions(const json::Value& module) {
    const auto* permissions = object(module, "permissions", "module.");
    if (permissions == nullptr) return;
    for (const auto& entry : permissions->GetObject()) {
      PermissionDeclaration permission;
      permission.name = json::view(entry.name);
      const std::string where = "module.permissions." + permission.name;
      if (const auto owner = ownerOf(permission.name); !owner.empty() && owner != manifest_.name)
        refuse("declares permission " + shown(permission.name) + ", but names that begin with " + owner + ". are for " +
               owner + " alone; begin it with " + manifest_.name + ".");
      if (!entry.value.IsObject()) refuse("expects an object in " + where);
      permission.help = text(entry.value, "help", where, false);
      permission.roles = texts(entry.value, "roles", where + ".");
      manifest_.permissions.push_back(std::move(permission));
    }
  }

  void readFeatures(const json::Value& module) {
    const auto* features = object(module, "features", "module.");
    if (features == nullptr) return;
    for (const auto& entry : features->GetObject()) {
      FeatureDeclaration feature;
      feature.name = json::view(entry.name);
      const std::string where = "module.features." + feature.name;
      if (!isLowerWord(feature.name, "", 60))
        refuse("names a feature " + shown(feature.name) + ", expected lower-case letters, digits and _");
      if (!entry.value.IsObject()) refuse("expects an object in " + where);
      feature.tier = text(entry.value, "tier", where);
      if (!isTier(feature.tier)) {
        const auto near = text::nearest(feature.tier, {kTiers.begin(), kTiers.end()});
        refuse("gives " + where + " the unknown tier " + shown(feature.tier) +
               (near.empty() ? std::string() : ", did you mean " + near + "?"));
      }
      feature.help = text(entry.value, "help", where, false);
      manifest_.features.push_back(std::move(feature));
    }
  }

  void readJobs(const json::Value& module) {
    const auto* jobs = object(module, "jobs", "module.");
    if (jobs == nullptr) return;
    for (const auto& entry : jobs->GetObject()) {
      JobDeclaration job;
      job.id = json::view(entry.name);
      const std::string where = "module.jobs." + job.id;
      if (!isLowerWord(job.id, "", 60))
        refuse("names a job " + shown(job.id) + ", expected lower-case letters, digits and _");
      if (!entry.value.IsObject()) refuse("expects an object in " + where);
      job.help = text(entry.value, "help", where, false);
      job.name = text(entry.value, "name", where, false);
      job.description = text(entry.value, "description", where, false);
      readRules(entry.value, where, job.rules);
      readTrigger(entry.value, where, job);
      manifest_.jobs.push_back(std::move(job));
    }
  }

  void readRules(const json::Value& job, const std::string& where, services::JobRules& rules) const {
    const auto number = [&](const char* key, std::int64_t& into, std::int64_t minimum, std::int64_t maximum) {
      const auto* value = json::member(job, key);
      if (value == nullptr) return;
      if (!value->IsInt64() || value->GetInt64() < minimum || value->GetInt64() > maximum) {
        refuse("expects a number from " + std::to_string(minimum) + " to " + std::to_string(maximum) + " in " + where +
               "." + key);
      }
      into = value->GetInt64();
    };
    number("jitter", rules.jitterSeconds, 0, kMaxJitterSeconds);
    number("time_limit", rules.timeLimitSeconds, 0, kMaxJobSeconds);
    number("max_instances", rules.maxInstances, 1, kMaxInstances);
    number("misfire_grace", rules.misfireGraceSeconds, -1, kMaxJobSeconds);
    if (json::member(job, "coalesce") != nullptr) rules.coalesce = flag(job, "coalesce", where);
  }

  void readCommands(const json::Value& module) {
    const auto* commands = object(module, "commands", "module.");
    if (commands == nullptr) return;
    for (const auto& entry : commands->GetObject()) {
      CommandDeclaration command;
      command.name = json::view(entry.name);
      const std::string where = "module.commands." + command.name;
      requireCommandWord("a command", command.name);
      if (!entry.value.IsObject()) refuse("expects an object in " + where);
      command.help = text(entry.value, "help", where);
      if (const auto* arguments = object(entry.value, "arguments", where + ".")) {
        for (const auto& argument : arguments->GetObject())
          command.arguments.push_back(readArgument(argument, where + ".arguments."));
      }
      manifest_.commands.push_back(std::move(command));
    }
  }

  void requireCommandWord(const char* what, const std::string& name) const {
    if (!isLowerWord(name, "-", 40) || name.find('_') != std::string::npos)
      refuse(std::string("names ") + what + " " + shown(name) + ", expected lower-case letters, digits and -");
  }

  ArgumentDeclaration readArgument(const json::Value::Member& entry, const std::string& list) const {
    ArgumentDeclaration argument;
    argument.value = option(entry, list);
    const auto where = list + argument.value.key;
    requireCommandWord("an argument", argument.value.key);
    if (argument.value.key == "help" || argument.value.key == "config")
      refuse("names an argument " + shown(argument.value.key) + ", which every command has");
    if (argument.value.type == config::Type::list)
      refuse("gives " + where + " the type list, which options alone have");
    argument.required = flag(entry.value, "required", where);
    argument.positional = flag(entry.value, "positional", where);
    argument.hasDefault = json::member(entry.value, "default") != nullptr;
    if (argument.hasDefault) {
      if (const auto wrong = config::complaint(argument.value, argument.value.fallback); !wrong.empty())
        refuse("has a default in " + where + " that does not fit: " + wrong);
    }
    return argument;
  }

  // { cron: "0 3 * * *", zone: Europe/Berlin } or { every: PT5M } or { at: 2030-01-01T00:00:00Z }
  void readTrigger(const json::Value& job, const std::string& where, JobDeclaration& into) const {
    const auto* trigger = object(job, "trigger", where + ".");
    if (trigger == nullptr) return;
    for (const auto* kind : {"cron", "every", "at"}) {
      const auto value = text(*trigger, kind, where + ".trigger", false);
      if (value.empty()) continue;
      if (!into.trigger.empty()) refuse("gives " + where + ".trigger two kinds, expected one of cron, every, at");
      into.trigger = std::string(kind) + ": " + value;
    }
    if (into.trigger.empty()) refuse("expects one of cron, every, at in " + where + ".trigger");
    into.zone = text(job, "zone", where, false);
    if (into.zone.empty()) into.zone = text(*trigger, "zone", where + ".trigger", false);
    try {
      services::Trigger::parse(into.trigger, into.zone);
    } catch (const services::ServiceError& error) {
      refuse("has a trigger in " + where + " that can't be read: " + error.what());
    }
  }

  void readDialects(const json::Value& module) {
    const auto* dialects = object(module, "dialects", "module.");
    if (dialects == nullptr) return;
    for (const auto& entry : dialects->GetObject()) {
      DialectDeclaration dialect;
      dialect.name = json::view(entry.name);
      const std::string where = "module.dialects." + dialect.name;
      if (!entry.value.IsObject()) refuse("expects an object in " + where);
      dialect.success = text(entry.value, "success", where);
      dialect.error = text(entry.value, "error", where);
      dialect.contentType = text(entry.value, "content_type", where, false);
      if (dialect.contentType.empty()) dialect.contentType = "application/json";
      manifest_.dialects.push_back(std::move(dialect));
    }
  }

  void readContracts() {
    const auto* contracts = list(document_, "contracts", "");
    if (contracts == nullptr) return;
    for (const auto& entry : contracts->GetArray()) {
      if (!entry.IsObject()) refuse("expects objects in contracts");
      contract::DocumentSource source;
      source.module = manifest_.name;
      source.file = text(entry, "file", "contracts");
      const auto* document = json::member(entry, "document");
      if (document == nullptr || !document->IsObject()) refuse("lacks the document of " + source.file);
      source.json = json::toText(*document);
      if (const auto* lines = object(entry, "lines", source.file + ".")) {
        for (const auto& line : lines->GetObject()) {
          if (!line.value.IsInt()) refuse("expects line numbers in " + source.file + ".lines");
          source.lines.emplace_back(json::view(line.name), line.value.GetInt());
        }
      }
      collectOperations(*document, source.file);
      manifest_.contracts.push_back(std::move(source));
    }
  }

  // Reads only the ids; contract::compile checks the document.
  void collectOperations(const json::Value& document, const std::string& file) {
    const auto* paths = json::member(document, "paths");
    if (paths == nullptr || !paths->IsObject()) return;
    for (const auto& path : paths->GetObject()) {
      if (!path.value.IsObject()) continue;
      for (const auto& method : path.value.GetObject()) {
        if (!method.value.IsObject()) continue;
        const auto id = json::textMember(method.value, "operationId");
        if (id.empty()) continue;
        if (!seenOperations_.emplace(id).second)
          refuse("has the operationId " + shown(id) + " twice (again in " + file + ")");
        manifest_.operationIds.emplace_back(id);
      }
    }
  }

  void readMigrations() {
    const auto* migrations = list(document_, "migrations", "");
    if (migrations == nullptr) return;
    for (const auto& entry : migrations->GetArray()) {
      if (!entry.IsObject()) refuse("expects objects in migrations");
      db::Migration migration;
      const auto* number = json::member(entry, "number");
      if (number == nullptr || !number->IsInt() || number->GetInt() < 1)
        refuse("expects a number from 1 in migrations.number");
      migration.number = number->GetInt();
      migration.name = text(entry, "name", "migrations");
      migration.sql = text(entry, "sql", "migrations");
      manifest_.migrations.push_back(std::move(migration));
    }
    auto& all = manifest_.migrations;
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    const auto doubled =
        std::adjacent_find(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.number == b.number; });
    if (doubled != all.end()) {
      throw Refusal(path_, "has two migrations numbered " + std::to_string(doubled->number) + " (" + doubled->name +
                               " and " + std::next(doubled)->name + "); number them apart");
    }
  }

  void readMessages() {
    const auto* messages = object(document_, "messages", "");
    if (messages == nullptr) return;
    for (const auto& language : messages->GetObject()) {
      const std::string name(json::view(language.name));
      if (!language.value.IsObject()) refuse("expects an object in messages." + name);
      for (const auto& entry : language.value.GetObject()) {
        if (!entry.value.IsString())
          refuse("expects a text in messages." + name + "." + std::string(json::view(entry.name)));
        manifest_.messages[name].emplace(json::view(entry.name), json::view(entry.value));
      }
    }
  }

  const std::string& path_;
  Manifest manifest_;
  json::Document document_;
  std::set<std::string, std::less<>> seenOperations_;
};

std::string readWhole(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file)
    throw Refusal(path,
                  std::string("can't be opened: ") + std::strerror(errno) + "; check the path and its permissions");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Refusal(path, "expected a module file (.so), found something that is not a regular file; check the path");
  }
  if (static_cast<std::uint64_t>(status.st_size) > kMaxFileBytes) {
    throw Refusal(path, "is larger than 512 MiB; strip it");
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::pread(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Refusal(path, std::string("can't be read: ") + std::strerror(errno) + "; check the disk");
    if (got == 0) break;  // truncated meanwhile: the ELF checks report it
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

bool Manifest::declares(std::string_view interfaceName) const {
  // Without these two interfaces no handler can read its request.
  if (interfaceName == "call/1" || interfaceName == "json/1") return true;
  return std::find(needs.begin(), needs.end(), interfaceName) != needs.end() ||
         std::find(optional.begin(), optional.end(), interfaceName) != optional.end();
}

const JobDeclaration* Manifest::job(std::string_view id) const {
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const auto& one) { return one.id == id; });
  return job == jobs.end() ? nullptr : &*job;
}

Manifest Manifest::parse(std::string_view json, const std::string& path) { return Parser(json, path).run(); }

Manifest Manifest::readFromFile(const std::string& path) {
  std::string bytes = readWhole(path);
  ElfImage image;
  try {
    image = readElf(bytes);
  } catch (const ElfError& error) {
    throw Refusal(path, error.what());
  }
  const auto descriptor = std::find_if(image.exports.begin(), image.exports.end(),
                                       [](const ElfSymbol& symbol) { return symbol.name == MORTISE_MODULE_SYMBOL; });
  if (descriptor == image.exports.end())
    throw Refusal(path, "exports no " MORTISE_MODULE_SYMBOL + std::string(kRebuild));
  if (!descriptor->isObject || descriptor->size < offsetof(mortise_module, manifest)) {
    const auto actual =
        descriptor->isObject ? "one of " + std::to_string(descriptor->size) + " bytes" : std::string("a function");
    throw Refusal(path, "expected " MORTISE_MODULE_SYMBOL " to be a mortise_module of " +
                            std::to_string(sizeof(mortise_module)) + " bytes, found " + actual + kRebuild);
  }
  if (!image.hasManifest) throw Refusal(path, "has no section " MORTISE_MANIFEST_SECTION + std::string(kRebuild));
  auto text = image.manifest;
  // Linkers pad, and a C string literal ends in NUL.
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxManifestBytes) {
    throw Refusal(path,
                  "its manifest has " + std::to_string(text.size()) + " bytes, expected 1 byte to 32 MiB" + kRebuild);
  }
  Manifest manifest = parse(text, path);
  manifest.descriptorBytes = descriptor->size;
  for (auto& symbol : image.exports) manifest.exports.push_back(std::move(symbol.name));
  return manifest;
}

void requireServedSdk(const Manifest& manifest) {
  const auto required = std::to_string(manifest.sdkMajor) + "." + std::to_string(manifest.sdkMinor);
  const auto served = std::to_string(MORTISE_ABI_MAJOR) + "." + std::to_string(MORTISE_ABI_MINOR);
  if (manifest.sdkMajor < MORTISE_ABI_MAJOR) {
    throw Refusal(manifest.path,
                  "wants SDK " + required + ", this kernel serves " + served + "; build it with SDK " + served);
  }
  if (manifest.sdkMajor > MORTISE_ABI_MAJOR || manifest.sdkMinor > MORTISE_ABI_MINOR) {
    throw Refusal(manifest.path, "wants SDK " + required + ", this kernel serves " + served + "; run a newer kernel");
  }
}

}  // namespace mortise::plugin
