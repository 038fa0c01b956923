// The table of contents of a module: which function answers which operation, which runs which job.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/jobs.hpp"
#include "mortise/json_read.hpp"
#include "mortise/operations.hpp"
#include "mortise/reply.hpp"
#include "mortise/request.hpp"

namespace mortise::inline sdk1 {

class Module;
namespace detail {
class Instance;
}

// Filled by Module::bind(). The ids are those of the contracts and of module.yaml: the kernel refuses the module when
// one is bound that no contract has, or the other way round.
//   on.operations(invites_, members_);                     every operation of the generated classes they derive from
//   on.operation("listJobs", &Scheduler::listJobs);        Reply listJobs(const Request& request);
//   on.operation("addJob", &Scheduler::addJob);            Reply addJob(const Request& request, const NewJob& body);
//   on.operation("watchJobs", &Scheduler::watchJobs);      void watchJobs(Request request);   answers later, or by
//                                                                                             stream or WebSocket
//   on.job("cleanup_history", &Scheduler::cleanUp);        void cleanUp(JobRun& run);
// Handlers of one module run at the same time on several threads: guard what they share.
class Bindings {
 public:
  explicit Bindings(Module* module) noexcept : module_(module) {}

  // Every operation of objects that derive from the generated classes of a contract (operations.hpp). They must outlive
  // the module's stop().
  template <class... Served>
  void operations(Served&... served) {
    (static_cast<Operations&>(served).bindOperations(*this), ...);
  }

  // A method of the module class (const or not).
  template <class Class, class Result, class Argument>
  void operation(std::string id, Result (Class::*method)(Argument)) {
    addOperation<Argument, Result>(std::move(id), [object = self<Class>(), method](Argument argument) -> Result {
      return (object->*method)(std::forward<Argument>(argument));
    });
  }
  template <class Class, class Result, class Argument>
  void operation(std::string id, Result (Class::*method)(Argument) const) {
    addOperation<Argument, Result>(std::move(id), [object = self<Class>(), method](Argument argument) -> Result {
      return (object->*method)(std::forward<Argument>(argument));
    });
  }
  // A method of another object, which must outlive the module's stop().
  template <class Object, class Class, class Result, class Argument>
  void operation(std::string id, Object* object, Result (Class::*method)(Argument)) {
    addOperation<Argument, Result>(std::move(id), [object, method](Argument argument) -> Result {
      return (object->*method)(std::forward<Argument>(argument));
    });
  }
  template <class Object, class Class, class Result, class Argument>
  void operation(std::string id, const Object* object, Result (Class::*method)(Argument) const) {
    addOperation<Argument, Result>(std::move(id), [object, method](Argument argument) -> Result {
      return (object->*method)(std::forward<Argument>(argument));
    });
  }
  // Methods that take the JSON body as well, as a type that json::read fills: a struct of a generated contract header,
  // a std::optional of one where the body may be left out, a std::vector, or Json.
  template <class Class, class Result, class Argument, class Body>
  void operation(std::string id, Result (Class::*method)(Argument, Body)) {
    operation(std::move(id), self<Class>(), method);
  }
  template <class Object, class Class, class Result, class Argument, class Body>
  void operation(std::string id, Object* object, Result (Class::*method)(Argument, Body)) {
    addOperation<Argument, Result>(std::move(id), [object, method](Argument argument) -> Result {
      std::remove_cvref_t<Body> body{};
      json::read(argument.body(), body);
      return (object->*method)(std::forward<Argument>(argument), static_cast<Body&&>(body));
    });
  }
  // A free function.
  template <class Result, class Argument>
  void operation(std::string id, Result (*function)(Argument)) {
    addOperation<Argument, Result>(std::move(id), function);
  }

  // A job of module.yaml.
  template <class Class>
  void job(std::string id, void (Class::*method)(JobRun&)) {
    add(jobs_, std::move(id), [object = self<Class>(), method](JobRun& run) { (object->*method)(run); });
  }
  template <class Object, class Class>
  void job(std::string id, Object* object, void (Class::*method)(JobRun&)) {
    add(jobs_, std::move(id), [object, method](JobRun& run) { (object->*method)(run); });
  }
  // Every job that was put through jobs/1: run.jobId() and run.payload() say which.
  template <class Class>
  void anyJob(void (Class::*method)(JobRun&)) {
    any_job_ = make<JobRun&>([object = self<Class>(), method](JobRun& run) { (object->*method)(run); });
  }

 private:
  friend class detail::Instance;

  template <class Argument>
  struct Function {
    virtual ~Function() = default;
    virtual void call(Argument argument) const = 0;
  };
  template <class Argument, class Callable>
  struct Bound final : Function<Argument> {
    explicit Bound(Callable bound) : callable(std::move(bound)) {}
    void call(Argument argument) const override { callable(std::forward<Argument>(argument)); }
    Callable callable;
  };
  template <class Argument>
  struct Entry {
    std::string id;
    std::unique_ptr<Function<Argument>> function;
  };
  template <class Argument>
  using Table = std::vector<Entry<Argument>>;

  template <class Argument, class Callable>
  static std::unique_ptr<Function<Argument>> make(Callable callable) {
    return std::make_unique<Bound<Argument, Callable>>(std::move(callable));
  }
  template <class Argument, class Callable>
  static void add(Table<Argument>& table, std::string id, Callable callable) {
    for (const auto& entry : table) {
      if (entry.id == id) throw std::logic_error(id + " is bound twice");
    }
    table.push_back({std::move(id), make<Argument>(std::move(callable))});
  }
  template <class Argument, class Result, class Callable>
  void addOperation(std::string id, Callable callable) {
    static_assert(std::is_same_v<std::decay_t<Argument>, Request>,
                  "a handler takes const Request&, Request& or Request");
    if constexpr (std::is_void_v<Result>) {
      add(operations_, std::move(id), [callable = std::move(callable)](Request& request) {
        if constexpr (std::is_lvalue_reference_v<Argument>) {
          callable(request);
        } else {
          callable(std::move(request));
        }
      });
    } else {
      static_assert(std::is_same_v<Result, Reply>, "a handler returns Reply, or void when it answers by itself");
      static_assert(std::is_lvalue_reference_v<Argument>, "a handler that returns Reply takes const Request&");
      add(operations_, std::move(id),
          [callable = std::move(callable)](Request& request) { request.answer(callable(request)); });
    }
  }

  template <class Class>
  Class* self() const {
    return static_cast<Class*>(module_);
  }

  Module* module_ = nullptr;
  Table<Request&> operations_;
  Table<JobRun&> jobs_;
  std::unique_ptr<Function<JobRun&>> any_job_;
};

}  // namespace mortise::inline sdk1
