// The table of contents of a module: which function answers which operation, which runs which job or command.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/command.hpp"
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
//   on.command("next", &Scheduler::printNext);             int printNext(Command& command);   returns the exit status
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
    job(std::move(id), self<Class>(), method);
  }
  template <class Object, class Class>
  void job(std::string id, Object* object, void (Class::*method)(JobRun&)) {
    const Function<JobRun&> function = [object, method](JobRun& run) { (object->*method)(run); };
    jobs_.add(std::move(id), function);
  }
  // A command of module.yaml; the method returns its exit status.
  template <class Class>
  void command(std::string name, int (Class::*method)(Command&)) {
    addCommand(std::move(name),
               [object = self<Class>(), method](Command& command) { return (object->*method)(command); });
  }
  template <class Object, class Class>
  void command(std::string name, Object* object, int (Class::*method)(Command&)) {
    addCommand(std::move(name), [object, method](Command& command) { return (object->*method)(command); });
  }
  template <class Object, class Class>
  void command(std::string name, const Object* object, int (Class::*method)(Command&) const) {
    addCommand(std::move(name), [object, method](Command& command) { return (object->*method)(command); });
  }
  // Every job that was put through jobs/1: run.jobId() and run.payload() say which.
  template <class Class>
  void anyJob(void (Class::*method)(JobRun&)) {
    any_job_.emplace([object = self<Class>(), method](JobRun& run) { (object->*method)(run); });
  }

 private:
  friend class detail::Instance;

  // What is bound to one id. All that is bound here is an object and its method, or a function: a few words, kept in
  // place.
  template <class Argument>
  class Function {
   public:
    template <class Callable>
    Function(Callable callable) noexcept : call_(&callAs<Callable>) {  // NOLINT: meant to convert
      static_assert(std::is_trivially_copyable_v<Callable> && sizeof(Callable) <= sizeof callable_ &&
                    alignof(Callable) <= alignof(void*));
      ::new (static_cast<void*>(callable_)) Callable(callable);
    }
    void operator()(Argument argument) const { call_(callable_, std::forward<Argument>(argument)); }

   private:
    template <class Callable>
    static void callAs(const void* callable, Argument argument) {
      (*static_cast<const Callable*>(callable))(std::forward<Argument>(argument));
    }

    void (*call_)(const void* callable, Argument argument);
    alignas(void*) unsigned char callable_[4 * sizeof(void*)] = {};
  };
  template <class Argument>
  struct Entry {
    std::string id;
    Function<Argument> function;
  };
  // One run of a command, with the exit status that its function returns.
  struct CommandRun {
    Command command;
    int exitStatus = 0;
  };
  // Sorted by id.
  template <class Argument>
  class Table {
   public:
    void add(std::string id, Function<Argument> function) {
      const auto at = entries_.begin() + placeOf(id);
      if (at != entries_.end() && at->id == id) throw std::logic_error(id + " is bound twice");
      entries_.insert(at, {std::move(id), function});
    }
    // Null: nothing is bound to it.
    const Function<Argument>* find(std::string_view id) const noexcept {
      const auto at = entries_.begin() + placeOf(id);
      return at != entries_.end() && at->id == id ? &at->function : nullptr;
    }
    const std::vector<Entry<Argument>>& entries() const noexcept { return entries_; }

   private:
    // Of the first entry that does not stand before `id`.
    std::ptrdiff_t placeOf(std::string_view id) const noexcept {
      std::size_t first = 0;
      for (std::size_t count = entries_.size(); count > 0;) {
        const auto half = count / 2;
        if (before(entries_[first + half].id, id)) {
          first += half + 1;
          count -= half + 1;
        } else {
          count = half;
        }
      }
      return static_cast<std::ptrdiff_t>(first);
    }
    // Shorter ids first, so that most comparisons are of two sizes.
    static bool before(std::string_view a, std::string_view b) noexcept {
      if (a.size() != b.size()) return a.size() < b.size();
      return std::memcmp(a.data(), b.data(), a.size()) < 0;
    }

    std::vector<Entry<Argument>> entries_;
  };

  template <class Argument, class Result, class Callable>
  void addOperation(std::string id, Callable callable) {
    static_assert(std::is_same_v<std::decay_t<Argument>, Request>,
                  "a handler takes const Request&, Request& or Request");
    if constexpr (std::is_void_v<Result>) {
      const Function<Request&> function = [callable](Request& request) {
        if constexpr (std::is_lvalue_reference_v<Argument>) {
          callable(request);
        } else {
          callable(std::move(request));
        }
      };
      operations_.add(std::move(id), function);
    } else {
      static_assert(std::is_same_v<Result, Reply>, "a handler returns Reply, or void when it answers by itself");
      static_assert(std::is_lvalue_reference_v<Argument>, "a handler that returns Reply takes const Request&");
      const Function<Request&> function = [callable](Request& request) { request.answer(callable(request)); };
      operations_.add(std::move(id), function);
    }
  }

  template <class Callable>
  void addCommand(std::string name, Callable callable) {
    const Function<CommandRun&> function = [callable](CommandRun& run) { run.exitStatus = callable(run.command); };
    commands_.add(std::move(name), function);
  }

  template <class Class>
  Class* self() const {
    return static_cast<Class*>(module_);
  }

  Module* module_ = nullptr;
  Table<Request&> operations_;
  Table<JobRun&> jobs_;
  Table<CommandRun&> commands_;
  std::optional<Function<JobRun&>> any_job_;
};

}  // namespace mortise::inline sdk1
