#include "core/plugin/module_instance.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <thread>

#include "core/db/transaction_boundary.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/command_run.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::plugin {
namespace {

mortise_error emptyError() {
  mortise_error error{};
  error.struct_size = sizeof error;
  return error;
}

// The text of a mortise_error that a module filled, which may lack a NUL.
template <std::size_t Size>
std::string_view bounded(const char (&text)[Size]) {
  return {text, static_cast<std::size_t>(std::find(text, text + Size, '\0') - text)};
}

// "no zone Mars (bad_zone)"; a default text for a module that fails without one.
std::string reasonOf(const mortise_error& error, mortise_status status) {
  const auto words = bounded(error.text);
  const auto code = bounded(error.code);
  std::string reason(words.empty() ? code : words);
  if (reason.empty()) return "status " + std::to_string(static_cast<int>(status)) + ", no reason given";
  if (!words.empty() && !code.empty()) reason += " (" + std::string(code) + ")";
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return reason;
}

std::string currentReason() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is not a std::exception";
  }
}

class CallScope {
 public:
  explicit CallScope(const Call& call) : before_(currentThread.call) { currentThread.call = &call; }
  ~CallScope() { currentThread.call = before_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  const Call* before_;
};

class JobScope {
 public:
  explicit JobScope(std::string_view id) : before_(currentThread.jobId) { currentThread.jobId = id; }
  ~JobScope() { currentThread.jobId = before_; }
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

 private:
  std::string_view before_;
};

void failCall(const std::string& module, std::string_view operationId, Call& call, const std::string& reason) {
  log::error("handler failed", {{"module", module},
                                {"operation", operationId},
                                {"request_id", call.logId()},
                                {"client_request_id", call.clientRequestId()},
                                {"reason", reason}});
  if (!call.fail(Problem(500, "internal").note(reason))) call.abortStream();
}

}  // namespace

bool currentCallExpired() { return currentThread.call != nullptr && currentThread.call->expired(); }

// A callback may run inside the handler of another call, as when that call's answer ends a stream.
std::string_view currentOperationId() {
  if (currentThread.origin != nullptr) return currentThread.origin->operationId;
  return currentThread.call != nullptr ? currentThread.call->operationId() : std::string_view();
}

std::string_view currentRequestId() {
  if (currentThread.origin != nullptr) return currentThread.origin->requestId;
  return currentThread.call != nullptr ? currentThread.call->logId() : std::string_view();
}

class ModuleInstance::InFlight {
 public:
  explicit InFlight(ModuleInstance& instance) : instance_(instance.enter() ? &instance : nullptr) {}
  ~InFlight() {
    if (instance_ != nullptr) instance_->leave();
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  explicit operator bool() const { return instance_ != nullptr; }

 private:
  ModuleInstance* instance_;
};

ModuleInstance::ModuleInstance(std::shared_ptr<const Manifest> manifest, std::shared_ptr<const Library> library,
                               const HostServices& services)
    : manifest_(std::move(manifest)),
      library_(std::move(library)),
      host_(std::make_unique<Host>(manifest_, services)),
      module_(library_->module()) {
  host_->jobs().runWith(this);
}

ModuleInstance::~ModuleInstance() {
  stop();
  host_->takeBack();
  if (!created_) return;
  const LaneScope lane(ThreadLane::start);
  try {
    module_.destroy(self_);
  } catch (...) {
    log::error("module threw out of destroy", {{"module", name()}, {"reason", currentReason()}});
  }
}

bool ModuleInstance::enter() noexcept {
  inFlight_.fetch_add(1);
  if (open_.load()) return true;
  leave();
  return false;
}

// Uses no member after the count: stop() may be waiting to free this object.
void ModuleInstance::leave() noexcept { inFlight_.fetch_sub(1); }

void ModuleInstance::create() {
  const LaneScope lane(ThreadLane::start);
  auto error = emptyError();
  mortise_status status = MORTISE_FAILED;
  try {
    status = module_.create(host_->raw(), &self_, &error);
  } catch (...) {
    throw Refusal(manifest_->path, "threw while it was created: " + currentReason() + "; ask its author");
  }
  if (status != MORTISE_OK) throw Refusal(manifest_->path, "could not be created: " + reasonOf(error, status));
  created_ = true;
  checkBindings(module_, self_, *manifest_);
}

void ModuleInstance::start() {
  const LaneScope lane(ThreadLane::start);
  if (module_.start != nullptr) {
    auto error = emptyError();
    mortise_status status = MORTISE_FAILED;
    try {
      const db::TransactionBoundary boundary("start");
      status = module_.start(self_, &error);
    } catch (...) {
      const auto reason = currentReason();
      host_->takeBack();
      throw Refusal(manifest_->path, "threw while it started: " + reason + "; ask its author");
    }
    if (status != MORTISE_OK) {
      host_->takeBack();
      throw Refusal(manifest_->path, "could not be started: " + reasonOf(error, status));
    }
  }
  started_ = true;
  open_.store(true);
}

mortise_status ModuleInstance::handle(std::string_view operationId, Call& call) noexcept {
  const InFlight inside(*this);
  if (!inside) return MORTISE_UNAVAILABLE;
  call.servedBy = host_.get();
  const CallScope scope(call);
  mortise_status status = MORTISE_FAILED;
  try {
    const db::TransactionBoundary boundary("handle");
    status = module_.handle(self_, str(operationId), reinterpret_cast<mortise_call*>(&call));
    if (status == MORTISE_OK || status == MORTISE_PENDING) [[likely]]
      return status;
    failCall(name(), operationId, call, "the handler returned status " + std::to_string(static_cast<int>(status)));
    return status;
  } catch (...) {
    status = MORTISE_FAILED;
    try {
      failCall(name(), operationId, call, "the handler threw: " + currentReason());
    } catch (...) {  // out of memory twice; the last release of the call answers 500
    }
  }
  return status;
}

mortise_status ModuleInstance::runJob(std::string_view jobId, mortise_run* run, mortise_error* error) noexcept {
  const InFlight inside(*this);
  if (!inside) return answer(error, MORTISE_CLOSED, "stopping", "the module is stopping");
  if (module_.run_job == nullptr) return answer(error, MORTISE_NOT_FOUND, "no_jobs", "the module has no jobs");
  const JobScope scope(jobId);
  try {
    const db::TransactionBoundary boundary("run_job");
    return module_.run_job(self_, str(jobId), run, error);
  } catch (...) {
    try {
      const auto reason = currentReason();
      log::error("job threw", {{"module", name()}, {"job", jobId}, {"reason", reason}});
      return answer(error, MORTISE_FAILED, "threw", reason);
    } catch (...) {
      return answer(error, MORTISE_FAILED, "threw", "the job threw");
    }
  }
}

int ModuleInstance::runCommand(CommandRun& run) {
  if (!runsCommands(module_)) throw std::runtime_error("the module has no commands");
  auto error = emptyError();
  mortise_status status = MORTISE_FAILED;
  std::int32_t exitStatus = 0;
  run.whenStopped([this] { host_->beginStop(); });
  try {
    const LaneScope lane(ThreadLane::worker);
    const db::TransactionBoundary boundary("run_command");
    status = module_.run_command(self_, str(run.name()), run.raw(), &exitStatus, &error);
  } catch (...) {
    const auto reason = currentReason();
    run.whenStopped(nullptr);
    throw std::runtime_error("the command threw: " + reason);
  }
  run.whenStopped(nullptr);
  if (status != MORTISE_OK) throw std::runtime_error(reasonOf(error, status));
  constexpr std::int32_t kGreatest = 125;  // shells use those above
  if (exitStatus < 0 || exitStatus > kGreatest)
    throw std::runtime_error("the command ended with the exit status " + std::to_string(exitStatus) +
                             ", expected 0 to 125");
  return exitStatus;
}

const void* ModuleInstance::lookup(std::string_view interfaceName) noexcept {
  if (!created_ || module_.lookup == nullptr) return nullptr;
  try {
    const auto& provided = manifest_->provides;
    if (std::find(provided.begin(), provided.end(), interfaceName) == provided.end()) return nullptr;
    return module_.lookup(self_, str(interfaceName));
  } catch (...) {
    try {
      log::error("module threw out of lookup",
                 {{"module", name()}, {"interface", interfaceName}, {"reason", currentReason()}});
    } catch (...) {  // no memory even for the line
    }
    return nullptr;
  }
}

void ModuleInstance::stop() noexcept {
  if (!started_) return;
  started_ = false;
  host_->beginStop();
  open_.store(false);
  while (inFlight_.load() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  host_->endChecks();
  const LaneScope lane(ThreadLane::start);
  try {
    const db::TransactionBoundary boundary("stop");
    if (module_.stop != nullptr) module_.stop(self_);
  } catch (...) {
    try {
      log::error("module threw out of stop", {{"module", name()}, {"reason", currentReason()}});
    } catch (...) {  // no memory even for the line
    }
  }
  host_->takeBack();
}

}  // namespace mortise::plugin
