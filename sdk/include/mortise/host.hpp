// What the kernel is to a module: the way to every host interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mortise/abi/module.h"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

class Audit;
class Blobs;
class Cache;
class Config;
class Db;
class Events;
class Health;
class HttpClient;
class Identity;
class Jobs;
class Limits;
class Log;
class Mail;
class Metrics;
class Objects;
class Orgs;
class Scheduler;
class Secrets;

// A value: copy it freely; good from the module's constructor to the end of its destructor. [any]
// Take the interfaces you use once, in the constructor, and keep them as members; each is a pair of pointers:
//   explicit Notes(mortise::Host host) : db_(host.db()), mail_(host.optional<mortise::Mail>()) {}
// An interface is served only when module.yaml names it under `needs` or `optional`. Asking for one that is not served
// throws Problem(503, "unavailable") naming it; for an interface under `optional` use optional<T>().
class Host {
 public:
  explicit Host(mortise_host* host) noexcept : host_(host) {}

  Log log() const;                // log/1
  Config config() const;          // config/1
  Db db() const;                  // db/1
  Identity identity() const;      // identity/1
  Mail mail() const;              // mail/1
  Limits limits() const;          // limits/1
  Cache cache() const;            // cache/1
  Blobs blobs() const;            // blobs/1
  Events events() const;          // events/1
  HttpClient httpClient() const;  // http_client/1
  Jobs jobs() const;              // jobs/1
  Secrets secrets() const;        // secrets/1
  Metrics metrics() const;        // metrics/1
  Audit audit() const;            // audit/1
  Objects objects() const;        // objects/1
  Orgs orgs() const;              // orgs/1
  Health health() const;          // health/1
  Scheduler scheduler() const;    // scheduler/1

  // True when the interface is served to this module.
  bool has(std::string_view interface_name) const noexcept {
    return host_->lookup(host_, detail::str(interface_name)) != nullptr;
  }

  // The wrapper of a host interface, empty when it is not served: if (auto mail = host.optional<mortise::Mail>())
  // mail->send(...);
  template <class Face>
  std::optional<Face> optional() const {
    const auto* table = lookup<typename Face::Table>(Face::kInterface);
    return table == nullptr ? std::nullopt : std::optional<Face>(Face(host_, table));
  }
  // The same for one that must be there.
  template <class Face>
  Face need() const {
    return Face(host_, &need<typename Face::Table>(Face::kInterface));
  }

  // The table of any interface, another module's too ("files.store/1"), or nullptr. `Table` is the struct that its
  // header declares. Another module's interfaces are there from start() on, not yet in the constructor.
  template <class Table>
  const Table* lookup(std::string_view interface_name) const noexcept {
    return static_cast<const Table*>(host_->lookup(host_, detail::str(interface_name)));
  }
  template <class Table>
  const Table& need(std::string_view interface_name) const {
    const auto* table = lookup<Table>(interface_name);
    if (table == nullptr) {
      throw Problem(503, "unavailable")
          .with("interface", std::string(interface_name))
          .note(std::string(interface_name) +
                " is not served to this module: name it in module.yaml under needs or optional");
    }
    return *table;
  }

  mortise_host* get() const noexcept { return host_; }

 private:
  mortise_host* host_;
};

}  // namespace mortise::inline sdk1
