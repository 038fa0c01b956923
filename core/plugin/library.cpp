#include "core/plugin/library.hpp"

#define BOOST_DLL_USE_STD_FS
#include <exception>
#include <utility>

#include <boost/dll/shared_library.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::plugin {
namespace {

constexpr const char* kRebuild = "; build it with mortise_add_module()";
// The size that SDK 1.0 guarantees; code must check later fields with MORTISE_HAS.
constexpr std::size_t kDescriptorBytes = offsetof(mortise_module, bindings) + sizeof(mortise_module::bindings);

// The text of dlerror within Boost's message.
std::string loaderReason(const std::string& text) {
  static constexpr std::string_view kBefore = "dlerror system message: ";
  const auto at = text.find(kBefore);
  if (at == std::string::npos) return text;
  auto reason = text.substr(at + kBefore.size());
  const auto end = reason.rfind("): ");
  return end == std::string::npos ? reason : reason.substr(0, end);
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

struct Bound {
  std::vector<std::string> operations, jobs, commands;
  std::string unknownKind;
};

extern "C" void collectBinding(void* context, char kind, mortise_str id) {
  auto& bound = *static_cast<Bound*>(context);
  std::string name(id.data == nullptr ? "" : id.data, id.data == nullptr ? 0 : id.size);
  if (kind == 'o')
    bound.operations.push_back(std::move(name));
  else if (kind == 'j')
    bound.jobs.push_back(std::move(name));
  else if (kind == 'c')
    bound.commands.push_back(std::move(name));
  else
    bound.unknownKind = name;
}

std::vector<std::string> without(std::vector<std::string> all, const std::vector<std::string>& taken) {
  std::erase_if(all, [&](const auto& name) { return std::find(taken.begin(), taken.end(), name) != taken.end(); });
  return all;
}

std::string whereOf(const Manifest& manifest, const std::string& operationId) {
  for (const auto& document : manifest.contracts) {
    for (const auto& [id, line] : document.lines) {
      if (id == operationId) return document.file + ":" + std::to_string(line);
    }
  }
  return "its contract";
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const auto near = text::nearest(name, known);
  return near.empty() ? std::string() : " (did you mean " + near + "?)";
}

void refuseDoubled(std::vector<std::string> names, const char* what, const Manifest& manifest) {
  std::sort(names.begin(), names.end());
  const auto doubled = std::adjacent_find(names.begin(), names.end());
  if (doubled == names.end()) return;
  throw Refusal(manifest.path,
                std::string("binds the ") + what + " " + *doubled + " twice; take one of the bindings out");
}

}  // namespace

struct Library::Handle {
  boost::dll::shared_library library;
};

Library::Library() = default;
Library::~Library() = default;

bool runsCommands(const mortise_module& module) {
  return MORTISE_HAS(&module, mortise_module, run_command) && module.run_command != nullptr;
}

void checkDescriptor(const mortise_module* module, const Manifest& manifest) {
  const auto& file = manifest.path;
  if (module == nullptr) throw Refusal(file, std::string("exports no " MORTISE_MODULE_SYMBOL) + kRebuild);
  const auto served = std::to_string(MORTISE_ABI_MAJOR) + "." + std::to_string(MORTISE_ABI_MINOR);
  if (module->struct_size >= offsetof(mortise_module, manifest) && module->abi_major != MORTISE_ABI_MAJOR) {
    throw Refusal(
        file, "wants SDK " + std::to_string(module->abi_major) + "." + std::to_string(module->abi_minor) +
                  ", this kernel serves " + served +
                  (module->abi_major > MORTISE_ABI_MAJOR ? "; run a newer kernel" : "; build it with SDK " + served));
  }
  if (module->struct_size < kDescriptorBytes) {
    throw Refusal(file, "expected a " MORTISE_MODULE_SYMBOL " of at least " + std::to_string(kDescriptorBytes) +
                            " bytes, found " + std::to_string(module->struct_size) +
                            "; set struct_size to sizeof(mortise_module)");
  }
  if (manifest.descriptorBytes != 0 && module->struct_size > manifest.descriptorBytes) {
    throw Refusal(file, "says its " MORTISE_MODULE_SYMBOL " has " + std::to_string(module->struct_size) +
                            " bytes, found " + std::to_string(manifest.descriptorBytes) +
                            "; set struct_size to sizeof(mortise_module)");
  }
  if (module->abi_minor > MORTISE_ABI_MINOR) {
    throw Refusal(file, "wants SDK " + std::to_string(module->abi_major) + "." + std::to_string(module->abi_minor) +
                            ", this kernel serves " + served + "; run a newer kernel");
  }
  const auto require = [&](bool present, const char* field, const char* why) {
    if (!present) throw Refusal(file, std::string("has no ") + field + " function" + why + kRebuild);
  };
  require(module->create != nullptr, "create", "");
  require(module->destroy != nullptr, "destroy", "");
  require(module->bindings != nullptr, "bindings", "");
  require(module->handle != nullptr || manifest.operationIds.empty(), "handle", ", its contracts have operations");
  require(module->run_job != nullptr || manifest.jobs.empty(), "run_job", ", its manifest has jobs");
  require(manifest.commands.empty() || runsCommands(*module), "run_command", ", its manifest has commands");
  require(module->lookup != nullptr || manifest.provides.empty(), "lookup", ", its manifest provides interfaces");
  // The section and the pointer come from one object; a difference means that the file was edited.
  const bool same = module->manifest != nullptr && module->manifest_size != nullptr &&
                    *module->manifest_size >= manifest.text.size() &&
                    std::memcmp(module->manifest, manifest.text.data(), manifest.text.size()) == 0 &&
                    std::all_of(module->manifest + manifest.text.size(), module->manifest + *module->manifest_size,
                                [](char c) { return c == '\0'; });
  if (!same) {
    throw Refusal(file, "expected its manifest in memory to be that of section " MORTISE_MANIFEST_SECTION
                        ", found another one" +
                            std::string(kRebuild));
  }
}

void checkBindings(const mortise_module& module, void* self, const Manifest& manifest) {
  Bound bound;
  try {
    module.bindings(self, &collectBinding, &bound);
  } catch (const std::exception& error) {
    throw Refusal(manifest.path,
                  std::string("threw while it listed its bindings: ") + error.what() + "; ask its author");
  } catch (...) {
    throw Refusal(manifest.path, "threw while it listed its bindings; ask its author");
  }
  std::vector<std::string> declaredJobs, declaredCommands;
  for (const auto& job : manifest.jobs) declaredJobs.push_back(job.id);
  for (const auto& command : manifest.commands) declaredCommands.push_back(command.name);
  refuseDoubled(bound.operations, "operation", manifest);
  refuseDoubled(bound.jobs, "job", manifest);
  refuseDoubled(bound.commands, "command", manifest);
  if (!bound.unknownKind.empty()) {
    throw Refusal(manifest.path,
                  "binds " + bound.unknownKind + " as something this kernel does not know; run a newer kernel");
  }
  std::string wrong;
  const auto add = [&](const std::string& text) { wrong += (wrong.empty() ? "" : ", and ") + text; };
  const auto unbound = without(manifest.operationIds, bound.operations);
  const auto unknown = without(bound.operations, manifest.operationIds);
  if (!unbound.empty()) add("has no handler for " + joined(unbound) + " (" + whereOf(manifest, unbound.front()) + ")");
  if (!unknown.empty()) {
    add("has a handler for " + joined(unknown) + ", which no contract has" +
        suggestion(unknown.front(), manifest.operationIds));
  }
  const auto compare = [&](const std::string& what, const std::vector<std::string>& declared,
                           const std::vector<std::string>& functions) {
    const auto lacking = without(declared, functions);
    const auto surplus = without(functions, declared);
    if (!lacking.empty()) add("has no function for the " + what + " " + joined(lacking) + " of its manifest");
    if (!surplus.empty()) {
      add("has a function for the " + what + " " + joined(surplus) + ", which its manifest does not have" +
          suggestion(surplus.front(), declared));
    }
  };
  compare("job", declaredJobs, bound.jobs);
  compare("command", declaredCommands, bound.commands);
  if (!wrong.empty()) throw Refusal(manifest.path, wrong + "; use the same names in contract, manifest and code");
}

std::shared_ptr<const Library> Library::open(const std::string& path, const Manifest& manifest) {
  requireServedSdk(manifest);  // before any of its code runs
  std::shared_ptr<Library> result(new Library);
  result->handle_ = std::make_unique<Handle>();
  auto& library = result->handle_->library;
  try {
    using boost::dll::load_mode::type;
    library.load(std::filesystem::absolute(path), type::rtld_now | type::rtld_local);
  } catch (const std::exception& error) {
    throw Refusal(manifest.path, "can't be loaded: " + loaderReason(error.what()) +
                                     "; install what it misses, or build it on this system");
  } catch (...) {
    throw Refusal(manifest.path, "threw while it was loaded; ask its author");
  }
  if (!library.has(MORTISE_MODULE_SYMBOL))
    throw Refusal(manifest.path, std::string("exports no " MORTISE_MODULE_SYMBOL) + kRebuild);
  result->module_ = &library.get<const mortise_module>(MORTISE_MODULE_SYMBOL);
  checkDescriptor(result->module_, manifest);
  return result;
}

}  // namespace mortise::plugin
