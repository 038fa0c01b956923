// Keys and sealed values that hold across restarts: secrets/1.
#pragma once

#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/secrets.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// What is derived or sealed under one purpose is of no use under another. [any]
class Secrets {
 public:
  using Table = mortise_secrets_v1;
  static constexpr const char* kInterface = MORTISE_SECRETS_V1;
  Secrets(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // A secret that the operator set for this module by name.
  std::optional<std::string> named(std::string_view name) const {
    Got got;
    auto error = detail::noError();
    const auto status = table_->named(host_, detail::str(name), take, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    return got.finish(status, error);
  }
  // `size` bytes (1..8160), the same for the same purpose, now and after a restart.
  std::string derive(std::string_view purpose, std::size_t size = 32) const {
    Got got;
    auto error = detail::noError();
    const auto status = table_->derive(host_, detail::str(purpose), size, take, &got, &error);
    return got.finish(status, error);
  }
  // Encrypts and authenticates at most 64 KiB; the result is printable text.
  std::string seal(std::string_view purpose, std::string_view plain) const {
    Got got;
    auto error = detail::noError();
    const auto status = table_->seal(host_, detail::str(purpose), detail::str(plain), take, &got, &error);
    return got.finish(status, error);
  }
  // Empty when it was altered, sealed for another purpose or with another master secret.
  std::optional<std::string> unseal(std::string_view purpose, std::string_view sealed) const {
    Got got;
    auto error = detail::noError();
    const auto status = table_->unseal(host_, detail::str(purpose), detail::str(sealed), take, &got, &error);
    if (status == MORTISE_DENIED) return std::nullopt;
    return got.finish(status, error);
  }

 private:
  struct Got {
    std::string bytes{};
    bool failed = false;
    std::string finish(mortise_status status, const mortise_error& error) {
      if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
      if (failed) throw std::bad_alloc();
      return std::move(bytes);
    }
  };
  static void take(void* context, mortise_str bytes) {
    auto& got = *static_cast<Got*>(context);
    try {
      got.bytes = detail::copied(bytes);
    } catch (...) {  // nothing may be thrown through the boundary
      got.failed = true;
    }
  }

  mortise_host* host_;
  const Table* table_;
};

inline Secrets Host::secrets() const { return need<Secrets>(); }

}  // namespace mortise::inline sdk1
