#include "core/testing/test_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/roles.hpp"
#include "core/kernel/module_set.hpp"
#include "core/kernel/option_values.hpp"
#include "core/ops/log.hpp"

namespace mortise::testing {
namespace {

namespace fs = std::filesystem;

std::string findModule(const std::string& module) {
  if (module.find('/') != std::string::npos) return module;
  std::vector<std::string> places;
  if (const char* folders = std::getenv("MORTISE_TEST_MODULES")) {
    for (const auto place : text::split(folders, ':')) {
      if (!place.empty()) places.emplace_back(place);
    }
  }
  const auto beside = fs::read_symlink("/proc/self/exe").parent_path();
  places.push_back(beside.string());
  places.push_back((beside / "../modules").lexically_normal().string());
  std::string tried;
  for (const auto& place : places) {
    const auto file = fs::path(place) / (module + ".so");
    if (fs::exists(file)) return file.string();
    tried += "\n  " + file.string();
  }
  throw std::runtime_error("module " + module +
                           " not found; build it, or name its folder in MORTISE_TEST_MODULES. Tried:" + tried);
}

// Logs errors only, unless MORTISE_TEST_LOG says debug or info.
void quietLog() {
  const char* name = std::getenv("MORTISE_TEST_LOG");
  bool known = false;
  const auto level = log::levelFrom(name == nullptr ? "warning" : name, known);
  log::configure(known ? level : log::Level::warning, log::Format::logfmt);
}

kernel::KernelOptions optionsFor(const peers::TempDirectory& data, std::vector<std::string> files,
                                 const Settings& settings) {
  quietLog();
  kernel::KernelOptions out;
  out.quiet = true;
  out.moduleFiles = std::move(files);
  auto& all = out.sources.commandLine;
  all = {{"data.dir", data.path() + "/data"},
         {"http.listen", "127.0.0.1:0"},
         {"http.drain_seconds", "1"},
         {"db.synchronous", "NORMAL"}};
  for (const auto& [name, value] : settings) {
    std::erase_if(all, [&](const auto& setting) { return setting.first == name; });
  }
  all.insert(all.end(), settings.begin(), settings.end());
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

void fillFrom(Credentials& into, const identity::CookieSessions& sessions, const identity::CookieSession& session) {
  into.cookie = std::string(identity::CookieSessions::kName) + "=" + sessions.cookie(session);
  into.csrf = sessions.csrfToken(session, nowMicros());
}

}  // namespace

TestServer::TestServer(const std::vector<std::string>& modules, const Settings& settings) {
  std::vector<std::string> files;
  files.reserve(modules.size());
  for (const auto& module : modules) files.push_back(findModule(module));
  try {
    kernel_ = std::make_unique<kernel::Kernel>(optionsFor(data_, files, settings));
    kernel_->start();
  } catch (const kernel::StartError& error) {
    throw std::runtime_error(joined(error.lines()));
  }
  if (!kernel_->refusals().empty()) throw std::runtime_error(joined(kernel_->refusals()));
  std::vector<const plugin::Manifest*> manifests;
  for (const auto& module : kernel_->modules().all()) {
    if (module.mayStart()) manifests.push_back(module.manifest.get());
  }
  roles_ = kernel::grants(manifests, kernel_->config());
  address_ = kernel_->addresses().front();
}

TestServer::~TestServer() = default;

std::string TestServer::tryLoad(const std::string& file) {
  const peers::TempDirectory data("mortise_test");
  try {
    kernel::Kernel kernel(optionsFor(data, {file}, {}));
    kernel.start();
    return joined(kernel.refusals());
  } catch (const kernel::StartError& error) {
    return joined(error.lines());
  }
}

std::string TestServer::roleWith(const std::vector<std::string>& permissions) {
  const std::string role = "harness_" + std::to_string(accounts_ + 1);
  for (const auto& permission : permissions) {
    const auto declared = roles_.find(permission);
    if (declared == roles_.end()) throw std::invalid_argument("no module here declares the permission " + permission);
    declared->second.push_back(role);
  }
  kernel_->identity().grant(roles_);
  return role;
}

bool TestServer::holds(const std::string& role, const std::string& permission) const {
  if (role == identity::kAdministrator) return true;
  const auto declared = roles_.find(permission);
  if (declared == roles_.end()) return false;
  const auto names = [&](std::string_view one) {
    return std::find(declared->second.begin(), declared->second.end(), one) != declared->second.end();
  };
  return names(role) || (role == identity::kServiceRole && names(identity::kUser));
}

std::string TestServer::tierWith(const std::string& feature) const {
  for (const auto& module : kernel_->modules().all()) {
    if (!module.mayStart()) continue;
    for (const auto& declared : module.manifest->features) {
      if (declared.name == feature) return declared.tier;
    }
  }
  return {};
}

void TestServer::joinOrganisation(const std::string& userId, const std::string& role) {
  auto& identity = kernel_->identity();
  identity::NewOrg org;
  org.slug = "org-" + std::to_string(accounts_);
  org.name = org.slug;
  org.tier = kOrganisationTier;
  org.founderId = userId;
  org.founderRole = "owner";
  if (role != "owner") {
    identity::NewUser founder;
    founder.username = "founder_" + std::to_string(accounts_);
    org.founderId = identity.create(founder).id;
  }
  const auto orgId = identity.orgs().create(org).id;
  if (role != "owner") identity.orgs().addMember(orgId, userId, role);
}

Credentials TestServer::create(const CallerRights& rights) {
  using Kind = CallerRights::Kind;
  auto& identity = kernel_->identity();
  identity::NewUser user;
  user.role = rights.role.empty() ? roleWith(rights.permissions) : rights.role;
  user.username = "user_" + std::to_string(++accounts_);
  Credentials out;
  out.userId = identity.create(user).id;
  if (!rights.orgRole.empty()) joinOrganisation(out.userId, rights.orgRole);
  if (rights.kind == Kind::key || rights.kind == Kind::serviceKey) {
    identity::NewApiKey key;
    key.userId = out.userId;
    key.name = user.username;
    key.kind = rights.kind == Kind::key ? identity::KeyKind::user : identity::KeyKind::service;
    key.scopes = rights.scopes;
    if (rights.kind == Kind::key) key.scopes.clear();
    out.keyId = identity.apiKeys().mint(key, out.token).id;
  } else if (rights.kind == Kind::browser) {
    auto& sessions = identity.cookieSessions();
    const auto session = sessions.bindUser({}, out.userId, nowMicros());
    fillFrom(out, sessions, session);
  } else {
    out.token = identity.openSession(out.userId, identity::SessionKind::rotating).accessToken;
  }
  return out;
}

Credentials TestServer::anonymousSession() {
  auto& sessions = kernel_->identity().cookieSessions();
  Credentials out;
  fillFrom(out, sessions, sessions.openAnonymous(nowMicros()));
  return out;
}

}  // namespace mortise::testing
