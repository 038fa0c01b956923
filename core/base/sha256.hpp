// SHA-256 of bytes that arrive in pieces. For a text in memory use sha256() of identifiers.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace mortise {

class Sha256 {
 public:
  Sha256();  // throws std::runtime_error when OpenSSL has no SHA-256
  void add(std::string_view bytes);
  // Of all bytes added, in lower-case hex. No call may follow.
  std::string hex();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace mortise
