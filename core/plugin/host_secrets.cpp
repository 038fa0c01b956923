// secrets/1 over services::Secrets; the module's name separates names and purposes.
#include <openssl/crypto.h>

#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/secrets/secrets.hpp"
#include "mortise/abi/secrets.h"

namespace mortise::plugin {
namespace {

constexpr std::size_t kMaxDerived = 8160;
constexpr std::size_t kMaxSealed = 64 << 10;

// Passes the bytes to the caller and wipes the copy.
mortise_status give(std::string bytes, mortise_secret_sink sink, void* context) {
  struct Wipe {
    std::string& text;
    ~Wipe() { OPENSSL_cleanse(text.data(), text.size()); }
  } const wipe{bytes};
  if (sink != nullptr) sink(context, str(bytes));
  return MORTISE_OK;
}

template <typename Work>
mortise_status onPurpose(mortise_host* raw, mortise_str purpose, const char* function, mortise_error* error,
                         Work work) {
  return anywhere<&HostServices::secrets>(raw, function, error, [&](Host& host, const services::Secrets& secrets) {
    if (purpose.size == 0) return answer(error, MORTISE_INVALID, "empty_purpose", "the purpose or name is empty");
    return work(secrets, "module/" + host.moduleName() + "/" + copy(purpose));
  });
}

extern "C" {

mortise_status secretsNamed(mortise_host* host, mortise_str name, mortise_secret_sink sink, void* context,
                            mortise_error* error) {
  return onPurpose(host, name, "secrets/1 named", error, [&](const services::Secrets& secrets, const std::string&) {
    auto secret = secrets.named(hostOf(host)->moduleName() + "." + copy(name));
    if (!secret)
      return answer(error, MORTISE_NOT_FOUND, "not_found",
                    "no secret " + hostOf(host)->moduleName() + "." + copy(name) + " is set");
    return give(std::move(*secret), sink, context);
  });
}

mortise_status secretsDerive(mortise_host* host, mortise_str purpose, size_t size, mortise_secret_sink sink,
                             void* context, mortise_error* error) {
  return onPurpose(
      host, purpose, "secrets/1 derive", error, [&](const services::Secrets& secrets, const std::string& full) {
        if (size == 0 || size > kMaxDerived)
          return answer(error, MORTISE_INVALID, "bad_size", "size is " + std::to_string(size) + ", expected 1 to 8160");
        return give(secrets.derive(full, size), sink, context);
      });
}

mortise_status secretsSeal(mortise_host* host, mortise_str purpose, mortise_str plain, mortise_secret_sink sink,
                           void* context, mortise_error* error) {
  return onPurpose(
      host, purpose, "secrets/1 seal", error, [&](const services::Secrets& secrets, const std::string& full) {
        if (plain.size > kMaxSealed)
          return answer(error, MORTISE_INVALID, "too_long",
                        "at most 64 KiB can be sealed, these are " + std::to_string(plain.size) + " bytes");
        return give(secrets.seal(full, view(plain)), sink, context);
      });
}

mortise_status secretsUnseal(mortise_host* host, mortise_str purpose, mortise_str sealed, mortise_secret_sink sink,
                             void* context, mortise_error* error) {
  return onPurpose(host, purpose, "secrets/1 unseal", error,
                   [&](const services::Secrets& secrets, const std::string& full) {
                     return give(secrets.unseal(full, view(sealed)), sink, context);
                   });
}

}  // extern "C"

const mortise_secrets_v1 kTable = {sizeof(mortise_secrets_v1), &secretsNamed, &secretsDerive, &secretsSeal,
                                   &secretsUnseal};

}  // namespace

template <>
ServedInterface serve<mortise_secrets_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::secrets>};
}

}  // namespace mortise::plugin
