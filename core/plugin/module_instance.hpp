// The lifecycle of one module: create -> start -> { handle, runJob, lookup }* -> stop -> destroy; for a command create ->
// runCommand -> destroy. No exception of the module leaves here.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "core/plugin/call.hpp"
#include "core/plugin/host.hpp"

namespace mortise::plugin {

class CommandRun;
class Library;

class ModuleInstance {
 public:
  ModuleInstance(std::shared_ptr<const Manifest> manifest, std::shared_ptr<const Library> library,
                 const HostServices& services);
  ~ModuleInstance();  // calls stop() and destroy() where they are due
  ModuleInstance(const ModuleInstance&) = delete;
  ModuleInstance& operator=(const ModuleInstance&) = delete;

  const Manifest& manifest() const { return *manifest_; }
  const std::string& name() const { return host_->moduleName(); }
  Host& host() { return *host_; }

  // [start] Each throws Refusal with the module's own reason. A failed start leaves the module created; destroying this
  // object cleans up.
  void create();
  void start();

  // Answers one request. Allocates nothing. When the module throws or returns a failure, the call is failed (500
  // internal) and logged here. After MORTISE_OK and MORTISE_PENDING the module answers. Once stop() has begun, returns
  // MORTISE_UNAVAILABLE without calling the module and without an answer.
  mortise_status handle(std::string_view operationId, Call& call) noexcept;
  // [worker] MORTISE_FAILED with `error` filled when the module throws; MORTISE_CLOSED once stop() has begun.
  mortise_status runJob(std::string_view jobId, mortise_run* run, mortise_error* error) noexcept;
  // [worker] Of a module that was created and not started: runs the command, and returns its exit status. While it runs,
  // a stop of `run` ends outbound requests of the module. Throws std::runtime_error with the module's own reason when it
  // failed.
  int runCommand(CommandRun& run);
  // A table of an interface that the manifest provides, or null.
  const void* lookup(std::string_view interfaceName) noexcept;

  // [start] Accepts no more calls, waits for the running ones, then lets the module end its work, then blocks every
  // callback into it.
  void stop() noexcept;
  std::uint32_t inFlight() const { return inFlight_.load(std::memory_order_relaxed); }

 private:
  class InFlight;
  bool enter() noexcept;
  void leave() noexcept;

  std::shared_ptr<const Manifest> manifest_;
  std::shared_ptr<const Library> library_;
  std::unique_ptr<Host> host_;
  const mortise_module& module_;
  void* self_ = nullptr;
  bool created_ = false;
  bool started_ = false;
  std::atomic<std::uint32_t> inFlight_{0};
  std::atomic<bool> open_{false};
};

}  // namespace mortise::plugin
