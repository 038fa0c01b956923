#include "mortise/testing/module_harness.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "core/base/text.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/kernel.hpp"
#include "core/kernel/module_set.hpp"
#include "core/ops/log.hpp"

namespace mortise::testing {
namespace {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "module_harnessXXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("cannot make a temporary directory like " + pattern);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // what is left under /tmp hurts nobody
    fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string findModule(const std::string& module) {
  if (module.find('/') != std::string::npos) return module;
  std::vector<std::string> places;
  if (const char* given = std::getenv("MORTISE_TEST_MODULES")) {
    for (const auto place : text::split(given, ':')) {
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

// Only what is wrong, unless MORTISE_TEST_LOG says debug or info.
void quietLog() {
  const char* wanted = std::getenv("MORTISE_TEST_LOG");
  bool known = false;
  const auto level = log::levelFrom(wanted == nullptr ? "warning" : wanted, known);
  log::configure(known ? level : log::Level::warning, log::Format::logfmt);
}

kernel::KernelOptions optionsFor(const TemporaryDirectory& data, std::vector<std::string> files,
                                 const ModuleHarness::Options& options) {
  quietLog();
  kernel::KernelOptions out;
  out.quiet = true;
  out.moduleFiles = std::move(files);
  auto& settings = out.sources.commandLine;
  settings = {{"data.dir", data.path() + "/data"},
              {"http.listen", "127.0.0.1:0"},
              {"http.drain_seconds", "1"},
              {"db.synchronous", "NORMAL"}};
  for (const auto& [name, value] : options) {
    std::erase_if(settings, [&](const auto& setting) { return setting.first == name; });
  }
  settings.insert(settings.end(), options.begin(), options.end());
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace

struct ModuleHarness::Running {
  Running(const std::vector<std::string>& modules, const Options& options) {
    std::vector<std::string> files;
    for (const auto& module : modules) files.push_back(findModule(module));
    kernel = std::make_unique<kernel::Kernel>(optionsFor(data, files, options));
    kernel->start();
    if (!kernel->refusals().empty()) throw std::runtime_error(joined(kernel->refusals()));
    for (const auto& module : kernel->modules().all()) {
      if (!module.manifest) continue;
      for (const auto& permission : module.manifest->permissions) roles[permission.name] = permission.roles;
    }
  }

  Client client(const std::string& role) {
    identity::NewUser user;
    user.username = "user_" + std::to_string(++users);
    user.role = role;
    const auto made = kernel->identity().create(user);
    Client client;
    client.address_ = kernel->addresses().front();
    client.user_id_ = made.id;
    client.token_ = kernel->identity().openSession(made.id, identity::SessionKind::rotating).accessToken;
    return client;
  }

  TemporaryDirectory data;
  std::unique_ptr<kernel::Kernel> kernel;                 // stopped before its files go
  std::map<std::string, std::vector<std::string>> roles;  // permission -> roles
  int users = 0;
};

ModuleHarness::ModuleHarness() = default;
ModuleHarness::ModuleHarness(const std::string& module, const Options& options)
    : ModuleHarness(std::vector<std::string>{module}, options) {}
ModuleHarness::ModuleHarness(const std::vector<std::string>& modules, const Options& options) {
  try {
    running_ = std::make_unique<Running>(modules, options);
  } catch (const kernel::StartError& error) {
    throw std::runtime_error(joined(error.lines()));
  }
}
ModuleHarness::~ModuleHarness() = default;

Client ModuleHarness::nobody() const {
  if (!running_) throw std::logic_error("this harness runs no module; give it one");
  Client client;
  client.address_ = running_->kernel->addresses().front();
  return client;
}

Client ModuleHarness::as(const std::vector<std::string>& permissions) {
  if (!running_) throw std::logic_error("this harness runs no module; give it one");
  const std::string role = "harness_" + std::to_string(running_->users + 1);
  for (const auto& permission : permissions) {
    const auto found = running_->roles.find(permission);
    if (found == running_->roles.end())
      throw std::invalid_argument("no module here declares the permission " + permission);
    found->second.push_back(role);
  }
  running_->kernel->identity().grant(running_->roles);
  return running_->client(role);
}

Client ModuleHarness::admin() {
  if (!running_) throw std::logic_error("this harness runs no module; give it one");
  return running_->client("admin");
}

std::string ModuleHarness::tryLoad(const std::string& file) const {
  const TemporaryDirectory data;
  try {
    kernel::Kernel kernel(optionsFor(data, {file}, {}));
    kernel.start();
    return joined(kernel.refusals());
  } catch (const kernel::StartError& error) {
    return joined(error.lines());
  }
}

}  // namespace mortise::testing
