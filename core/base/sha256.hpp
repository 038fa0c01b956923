// SHA-256 of bytes that come piece by piece. For a text at hand: sha256() in identifiers.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace mortise {

class Sha256 {
 public:
  Sha256();  // throws std::runtime_error when OpenSSL offers none
  void add(std::string_view bytes);
  // Of everything added, in lower-case hex. The last call.
  std::string hex();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace mortise
