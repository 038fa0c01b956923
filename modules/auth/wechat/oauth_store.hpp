// The SQL of sign-in through other services, and only SQL. Times are microseconds; every function throws db::Error.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

class OauthStore {
 public:
  explicit OauthStore(mortise::Db db) : db_(db) {}

  // The user that signs in as this subject.
  std::optional<std::string> findUser(std::string_view provider, std::string_view subject) const;
  // False when the subject has a user already.
  bool add(std::string_view provider, std::string_view subject, std::string_view unionId, std::string_view userId,
           std::int64_t now) const;
  void touch(std::string_view provider, std::string_view subject, std::string_view unionId, std::int64_t now) const;
  // Everything of a deleted user.
  void forget(std::string_view userId) const;

  void rememberState(std::string_view hash, std::int64_t expiresAt) const;
  // True for exactly one caller, before it expires.
  bool takeState(std::string_view hash, std::int64_t now) const;
  // Drops expired states; returns how many.
  std::int64_t purgeStates(std::int64_t now) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
