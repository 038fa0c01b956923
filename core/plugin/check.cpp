#include "core/plugin/check.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <utility>

#include "core/base/apart.hpp"
#include "core/contract/operation.hpp"
#include "core/contract/route_table.hpp"
#include "core/db/migrations.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/manifest_job.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/recording_call.hpp"
#include "core/plugin/registry.hpp"
#include "core/plugin/scratch_services.hpp"

namespace mortise::plugin {
namespace {

constexpr std::chrono::seconds kLimit{30};

// The fault, or empty.
using Work = std::function<std::string()>;

std::string reasonOf(const Work& work) {
  try {
    return work();
  } catch (const Refusal& refusal) {
    return refusal.reason();
  }
}

CheckResult apart(const std::string& name, const Work& work) {
  std::string reason;
  const auto fault = runApart(
      kLimit, [&](const SendApart& send) { send(reasonOf(work)); },
      [&](std::string message) { reason = std::move(message); });
  if (!fault.empty()) reason = fault;
  return {name, reason.empty(), reason};
}

// The needs that another module must provide.
std::vector<std::string> foreignNeeds(const Manifest& manifest) {
  std::vector<std::string> foreign;
  for (const auto& need : manifest.needs) {
    const auto stem = need.substr(0, need.rfind('/') + 1);
    const auto& served = kernelInterfaces();
    const bool kernel =
        std::any_of(served.begin(), served.end(), [&](const auto& name) { return name.starts_with(stem); });
    if (!kernel) foreign.push_back(need);
  }
  return foreign;
}

std::string onlySymbol(const Manifest& manifest) {
  std::string others;
  for (const auto& name : manifest.exports) {
    if (name != MORTISE_MODULE_SYMBOL) others += (others.empty() ? "" : ", ") + name;
  }
  return others.empty() ? "" : "exports " + others + " too; link with the version script of mortise_add_module()";
}

std::string needsServed(const Manifest& manifest) {
  auto alone = manifest;
  for (const auto& need : foreignNeeds(manifest)) std::erase(alone.needs, need);
  const Manifest* const all[] = {&alone};
  const auto plan = planStart(all);
  return plan.refused.empty() ? "" : plan.refused.front().reason();
}

std::vector<contract::CompiledDocument> compiled(const Manifest& manifest) {
  std::vector<contract::CompiledDocument> documents;
  for (const auto& source : manifest.contracts) documents.push_back(contract::compile(source));
  return documents;
}

std::string contractCompiles(const Manifest& manifest) {
  const contract::RouteTable routes(compiled(manifest));
  std::vector<std::string> known;
  for (const auto& permission : manifest.permissions) known.push_back(permission.name);
  for (const auto& operation : routes.operations()) {
    const auto& permission = operation->permission;
    if (permission.empty() || permission == "authenticated" ||
        std::find(known.begin(), known.end(), permission) != known.end())
      continue;
    return operation->file + ":" + std::to_string(operation->line) + ": permission " + permission +
           " is not declared in module.yaml";
  }
  return {};
}

std::string migrationsApply(const Manifest& manifest, const std::string& directory) {
  const ScratchServices scratch(directory, manifest);
  auto& database = *scratch.services().database;
  db::migrate(database, manifest.name, manifest.migrations, db::Tables::own);
  return db::pending(database, manifest.name, manifest.migrations).empty()
             ? ""
             : "some are still pending after they were applied";
}

// Created and destroyed, never started: create() compares the bindings.
std::string binds(const std::string& path, const std::shared_ptr<const Manifest>& manifest,
                  const std::string& directory) {
  const ScratchServices scratch(directory, *manifest);
  ModuleInstance instance(manifest, Library::open(path, *manifest), scratch.services());
  instance.create();
  return {};
}

// create, start, then `meanwhile`, then stop and destroy.
std::string lives(const std::string& path, const std::shared_ptr<const Manifest>& manifest,
                  const std::string& directory, int times,
                  const std::function<std::string(ModuleInstance&)>& meanwhile) {
  const ScratchServices scratch(directory, *manifest);
  db::migrate(*scratch.services().database, manifest->name, manifest->migrations);
  const auto library = Library::open(path, *manifest);
  for (int i = 0; i < times; ++i) {
    ModuleInstance instance(manifest, library, scratch.services());
    std::vector<std::shared_ptr<const contract::Bucket>> buckets;
    for (const auto& document : compiled(*manifest))
      buckets.insert(buckets.end(), document.buckets.begin(), document.buckets.end());
    instance.host().useBuckets(std::move(buckets));
    instance.create();
    instance.start();
    openJobs(*scratch.services().jobs, instance);
    if (meanwhile) {
      if (auto reason = meanwhile(instance); !reason.empty()) return reason;
    }
    instance.stop();
  }
  return {};
}

std::string survivesUnknownOperation(ModuleInstance& instance) {
  if (instance.manifest().operationIds.empty()) return {};
  RecordingCall call("noSuchOperation");
  const auto status = instance.handle("noSuchOperation", call);
  if (call.replied) return "answered an operation that it does not have, expected a failure";
  if (status == MORTISE_PENDING)
    return "returned MORTISE_PENDING for an operation that it does not have, expected a failure";
  return {};
}

}  // namespace

std::vector<CheckResult> checkModule(const std::string& path, const std::string& temporary) {
  std::vector<CheckResult> results;
  const auto passed = [&](const std::string& name, const Work& work) {
    results.push_back(apart(name, work));
    return results.back().passed;
  };
  // Reads in a child process first: a crash while reading is a result as well.
  if (!passed("manifest", [&] { return Manifest::readFromFile(path), std::string(); })) return results;
  const auto manifest = std::make_shared<const Manifest>(Manifest::readFromFile(path));

  passed("single exported symbol", [&] { return onlySymbol(*manifest); });
  const bool sdk = passed("sdk", [&] { return requireServedSdk(*manifest), std::string(); });
  const bool needs = passed("needs served", [&] { return needsServed(*manifest); });
  const bool contracts = passed("contract compiles", [&] { return contractCompiles(*manifest); });
  const bool migrations = passed("migrations apply", [&] { return migrationsApply(*manifest, temporary); });
  if (!sdk) return results;
  if (!passed("descriptor", [&] { return Library::open(path, *manifest), std::string(); })) return results;
  if (!needs || !contracts || !migrations) return results;
  if (const auto foreign = foreignNeeds(*manifest); !foreign.empty()) {
    results.push_back(
        {"create, start, stop, destroy", true, "left out: needs " + foreign.front() + " of another module"});
    return results;
  }
  if (!passed("bindings complete", [&] { return binds(path, manifest, temporary); })) return results;
  if (!passed("create, start, stop, destroy", [&] { return lives(path, manifest, temporary, 1, {}); })) return results;
  passed("the same twice in one process", [&] { return lives(path, manifest, temporary, 2, {}); });
  passed("unknown operation", [&] { return lives(path, manifest, temporary, 1, survivesUnknownOperation); });
  return results;
}

}  // namespace mortise::plugin
