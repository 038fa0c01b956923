// What a module author includes; the interfaces that only some modules need (identity.hpp, mail.hpp, limits.hpp,
// http_client.hpp, blobs.hpp, cache.hpp, events.hpp, secrets.hpp, metrics.hpp, audit.hpp) are included beside it. A
// whole module:
//
//   #include <mortise/module.hpp>
//   class Greeter final : public mortise::Module {
//    public:
//     explicit Greeter(mortise::Host host) : log_(host.log()) {}
//     void bind(mortise::Bindings& on) override { on.operation("greet", &Greeter::greet); }
//     mortise::Reply greet(const mortise::Request& request) {
//       return mortise::Reply::ok(mortise::json::object({{"hello", request.path("name")}}));
//     }
//    private:
//     mortise::Log log_;
//   };
//   MORTISE_MODULE(Greeter)
//
// Nothing thrown leaves a module. At the edge: Problem -> its status and code; db::Error -> 503 "unavailable" or 507
// "storage_full" where that is what happened; anything else, a thrown int too, is logged with the operationId and
// answered with 500.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mortise/abi/module.h"
#include "mortise/bindings.hpp"
#include "mortise/callback_failure.hpp"
#include "mortise/callbacks.hpp"
#include "mortise/config.hpp"
#include "mortise/db.hpp"
#include "mortise/host.hpp"
#include "mortise/jobs.hpp"
#include "mortise/json.hpp"
#include "mortise/json_node.hpp"
#include "mortise/log.hpp"
#include "mortise/problem.hpp"
#include "mortise/reply.hpp"
#include "mortise/request.hpp"

namespace mortise::inline sdk1 {

// A feature module: made, bound, started, called, stopped, destroyed, in that order. [start] for all but its handlers.
// The constructor (taking a Host, or nothing) only takes what it is given: no threads, sockets or queries.
class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // Binds every operationId of the contracts, and every job and command of module.yaml, to its function.
  virtual void bind(Bindings& on) = 0;
  // Begins work; the module's migrations have run. Throwing refuses the module: it is destroyed and the server goes on
  // without it.
  virtual void start() {}
  // Ends work; returns when it has ended. After it, no handler and no job is called any more.
  virtual void stop() {}
  // The table of an interface that module.yaml names under `provides` ("ticker.clock/1"), or nullptr. It must live as
  // long as the module. [any]
  virtual const void* provide(std::string_view interface_name) {
    static_cast<void>(interface_name);
    return nullptr;
  }
};

// A module whose class answers operations itself: it derives from the generated classes of its contract, and all of
// them are bound without a word.
//   class Greeter final : public mortise::ModuleServing<greeter_contract::greeter::Greeter> { ... };
// A module with jobs says both: void bind(Bindings& on) override { ModuleServing::bind(on); on.job(...); }
template <class... Served>
class ModuleServing : public Module, public Served... {
 public:
  void bind(Bindings& on) override { on.operations(static_cast<Served&>(*this)...); }
};

namespace detail {

inline void fill(mortise_error* error, std::string_view code, std::string_view text) noexcept {
  if (error == nullptr) return;
  const auto copy = [](char* into, std::size_t room, std::string_view from) {
    std::size_t size = from.size() < room ? from.size() : room - 1;
    while (size < from.size() && size > 0 && (static_cast<unsigned char>(from[size]) & 0xc0) == 0x80)
      --size;  // cut before a character
    from.copy(into, size);
    into[size] = '\0';
  };
  copy(error->code, sizeof error->code, code);
  copy(error->text, sizeof error->text, text);
}

// Runs `work`; turns whatever it throws into `error`.
template <class Work>
mortise_status guarded(mortise_error* error, Work&& work) noexcept {
  try {
    work();
    return MORTISE_OK;
  } catch (const Problem& problem) {
    fill(error, problem.code(), problem.note().empty() ? problem.code() : problem.note());
    if (error != nullptr) error->retry_after = problem.retryAfter();
  } catch (const std::exception& caught) {
    fill(error, "failed", caught.what());
  } catch (...) {
    fill(error, "failed", "threw something that is not a std::exception");
  }
  return MORTISE_FAILED;
}

// One created module: what `self` points to.
class Instance {
 public:
  template <class Class>
  static Instance* make(mortise_host* host) {
    auto* instance = new Instance(host);
    try {
      if constexpr (std::is_constructible_v<Class, Host>) {
        instance->module_ = new Class(Host(host));
      } else {
        static_assert(std::is_default_constructible_v<Class>, "a module is made from a mortise::Host, or from nothing");
        instance->module_ = new Class();
      }
      instance->bind();
    } catch (...) {
      delete instance;
      throw;
    }
    return instance;
  }
  ~Instance() { delete module_; }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  explicit Instance(mortise_host* host) : host_(host), bindings_(nullptr) {
    tables_.host = host;
    tables_.call = &host_.need<mortise_call_v1>(MORTISE_CALL_V1);
    tables_.json = &host_.need<mortise_json_v1>(MORTISE_JSON_V1);
  }

  static mortise_status start(void* self, mortise_error* error) {
    return guarded(error, [&] { of(self).module_->start(); });
  }
  static void stop(void* self) {
    try {
      of(self).module_->stop();
    } catch (...) {
      of(self).report("stop failed", {}, currentException());
    }
  }
  static void destroy(void* self) {
    auto* host = of(self).host_.get();
    delete &of(self);
    KeptCallbacks::instance().clear(host);
  }

  static mortise_status handle(void* self, mortise_str operation_id, mortise_call* call) {
    auto& instance = of(self);
    const std::string_view id = Text(operation_id);
    try {
      const auto* function = instance.bindings_.operations_.find(id);
      if (function == nullptr) {
        instance.report("no handler is bound", id, {});
        return MORTISE_FAILED;
      }
      return instance.answer(*function, id, call);
    } catch (...) {  // out of memory while reporting
      return MORTISE_FAILED;
    }
  }

  static mortise_status runJob(void* self, mortise_str job_id, mortise_run* run, mortise_error* error) {
    auto& instance = of(self);
    return guarded(error, [&] {
      const auto* function = instance.bindings_.jobs_.find(Text(job_id));
      if (function == nullptr && instance.bindings_.any_job_) function = &*instance.bindings_.any_job_;
      if (function == nullptr) throw Problem(500, "internal").note("no function is bound to job " + copied(job_id));
      if (instance.jobs_ == nullptr) throw Problem(500, "internal").note("name jobs/1 in module.yaml under needs");
      JobRun job(instance.jobs_, run);
      (*function)(job);
    });
  }

  static mortise_status runCommand(void* self, mortise_str name, mortise_command* command, std::int32_t* exit_status,
                                   mortise_error* error) {
    auto& instance = of(self);
    return guarded(error, [&] {
      const auto* function = instance.bindings_.commands_.find(Text(name));
      if (function == nullptr) throw Problem(500, "internal").note("no function is bound to command " + copied(name));
      Bindings::CommandRun run{Command(command)};
      (*function)(run);
      *exit_status = run.exitStatus;
    });
  }

  static const void* lookup(void* self, mortise_str interface_name) {
    try {
      return of(self).module_->provide(Text(interface_name));
    } catch (...) {
      of(self).report("provide failed", Text(interface_name), currentException());
      return nullptr;
    }
  }

  static void bindings(void* self, void (*each)(void* context, char kind, mortise_str id), void* context) {
    for (const auto& entry : of(self).bindings_.operations_.entries()) each(context, 'o', str(entry.id));
    for (const auto& entry : of(self).bindings_.jobs_.entries()) each(context, 'j', str(entry.id));
    for (const auto& entry : of(self).bindings_.commands_.entries()) each(context, 'c', str(entry.id));
  }

 private:
  static Instance& of(void* self) { return *static_cast<Instance*>(self); }

  void bind() {
    bindings_.module_ = module_;
    module_->bind(bindings_);
    if (!bindings_.jobs_.entries().empty() || bindings_.any_job_) jobs_ = &host_.need<mortise_jobs_v1>(MORTISE_JOBS_V1);
  }

  template <class Function>
  mortise_status answer(const Function& function, std::string_view id, mortise_call* call) {
    CallState state;
    try {
      Request request(&tables_, call, &state);
      function(request);
      if (state.answered) return MORTISE_OK;
      if (state.retained) return MORTISE_PENDING;
      report("handler returned without an answer", id, {});
      return MORTISE_FAILED;
    } catch (const Problem& problem) {
      if (!state.streams) return refuse(call, problem);
      report("handler failed", id, currentException());
    } catch (const db::Error& error) {
      if (!state.streams && error.kind() == db::Error::Kind::full)
        return refuse(call, Problem(507, "storage_full").note(error.what()));
      if (!state.streams &&
          (error.kind() == db::Error::Kind::unavailable || error.kind() == db::Error::Kind::serialization)) {
        return refuse(
            call,
            Problem(503, "unavailable").note(error.what()).retryAfter(error.retryAfter() > 1 ? error.retryAfter() : 1));
      }
      report("handler failed", id, error.what());
    } catch (...) {
      report("handler failed", id, currentException());
    }
    return MORTISE_FAILED;  // the kernel cuts a stream that was opened: its rest will not come
  }
  // MORTISE_OK also when the call was answered before: the handler refused too late, and the client has its whole answer.
  mortise_status refuse(mortise_call* call, const Problem& problem) const {
    Request(&tables_, call, nullptr).fail(problem);
    return MORTISE_OK;
  }

  void report(std::string_view message, std::string_view operation, std::string_view reason) const noexcept {
    const auto* log = host_.lookup<mortise_log_v1>(MORTISE_LOG_V1);
    if (log == nullptr) return;  // not under needs: the kernel says itself that the call failed
    const mortise_pair fields[] = {{str("operation"), str(operation)}, {str("error"), str(reason)}};
    log->write(host_.get(), MORTISE_LOG_ERROR, str(message), fields, 2);
  }

  Host host_;
  Tables tables_;
  const mortise_jobs_v1* jobs_ = nullptr;
  Module* module_ = nullptr;
  Bindings bindings_;
};

template <class Class>
mortise_status create(mortise_host* host, void** self, mortise_error* error) {
  return guarded(error, [&] { *self = Instance::make<Class>(host); });
}

}  // namespace detail
}  // namespace mortise::inline sdk1

// Defines the one symbol that the module exports. Once per module, outside any namespace.
#define MORTISE_MODULE(Class)                                                          \
  extern "C" {                                                                         \
  extern MORTISE_EXPORT const mortise_module mortise_module_v1;                        \
  const mortise_module mortise_module_v1 = {sizeof(mortise_module),                    \
                                            MORTISE_ABI_MAJOR,                         \
                                            MORTISE_MODULE_MINOR,                      \
                                            mortise_manifest,                          \
                                            &mortise_manifest_size,                    \
                                            &::mortise::detail::create<Class>,         \
                                            &::mortise::detail::Instance::start,       \
                                            &::mortise::detail::Instance::stop,        \
                                            &::mortise::detail::Instance::destroy,     \
                                            &::mortise::detail::Instance::handle,      \
                                            &::mortise::detail::Instance::runJob,      \
                                            &::mortise::detail::Instance::lookup,      \
                                            &::mortise::detail::Instance::bindings,    \
                                            &::mortise::detail::Instance::runCommand}; \
  }
