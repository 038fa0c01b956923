// The start of every table function: the host exists, the thread may call it, and no exception leaves through the
// table.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/db/joined_transaction.hpp"
#include "core/plugin/host_errors.hpp"

namespace mortise::plugin {

// Where a function may be called, as in its comment in mortise/abi/.
enum class Threads : std::uint8_t {
  any,       // [any]
  blocking,  // [start] [worker]: refused on an I/O thread
};

// A function on a handle, such as a session: `host` is the handle's, null when there is none. Runs work().
template <typename Work>
mortise_status guard(const Host* host, Threads threads, const char* function, mortise_error* error,
                     Work&& work) noexcept {
  return guarded(host, function, error, [&]() -> mortise_status {
    if (threads == Threads::blocking && !mayBlock(host, function, error)) return MORTISE_INVALID;
    return work();
  });
}

// A function on the host. Runs work(host).
template <typename Work>
mortise_status onHost(mortise_host* raw, Threads threads, const char* function, mortise_error* error,
                      Work&& work) noexcept {
  auto* host = hostOf(raw);
  if (host == nullptr) return noHost(error);
  return guard(host, threads, function, error, [&] { return work(*host); });
}

// A function on the host that takes part in a transaction, on a thread that may block: `raw` may be a host of db/1 join.
// Runs work(host).
template <typename Work>
mortise_status onJoinedHost(mortise_host* raw, const char* function, mortise_error* error, Work&& work) noexcept {
  auto* host = joinableHostOf(raw);
  if (host == nullptr) return noHost(error);
  return guard(host, Threads::blocking, function, error, [&]() -> mortise_status {
    if (const auto status = mayJoin(raw, error); status != MORTISE_OK) return status;
    const db::JoinScope scope(transactionOf(raw));
    return work(*host);
  });
}

// work(service), or work(host, service).
template <auto Service, typename Work>
mortise_status withService(Host& host, Work& work) {
  auto& service = *(host.services().*Service);
  if constexpr (std::is_invocable_v<Work&, Host&, decltype(service)>) {
    return work(host, service);
  } else {
    return work(service);
  }
}

// A function on a service of the kernel: `Service` is a member of HostServices, which is not null where its interface
// is served. Runs work(service), or work(host, service).
template <auto Service, typename Work>
mortise_status onService(mortise_host* raw, Threads threads, const char* function, mortise_error* error,
                         Work&& work) noexcept {
  return onHost(raw, threads, function, error, [&](Host& host) { return withService<Service>(host, work); });
}
template <auto Service, typename Work>
mortise_status blocking(mortise_host* raw, const char* function, mortise_error* error, Work&& work) noexcept {
  return onService<Service>(raw, Threads::blocking, function, error, work);
}
template <auto Service, typename Work>
mortise_status anywhere(mortise_host* raw, const char* function, mortise_error* error, Work&& work) noexcept {
  return onService<Service>(raw, Threads::any, function, error, work);
}
template <auto Service, typename Work>
mortise_status joined(mortise_host* raw, const char* function, mortise_error* error, Work&& work) noexcept {
  return onJoinedHost(raw, function, error, [&](Host& host) { return withService<Service>(host, work); });
}

}  // namespace mortise::plugin
