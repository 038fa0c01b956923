// An account as a value, and the values that create or change one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mortise::identity {

struct User {
  std::string id, username, email, nickname, avatar, role = "user", status = "active", passwordHash;
  std::optional<std::string> bio;
  std::int64_t createdAt = 0, emailConfirmedAt = 0;
  std::int64_t tokenGeneration = 0;
  std::int64_t number = 0;  // unique, counted from 1, never reused
  std::string tier;         // its own; empty: the default. See Tiers::own
  std::int64_t lastLoginAt = 0;
  std::string orgId, orgRole, orgTier;  // of its membership; empty: in no organisation
};

struct NewUser {
  std::string username, email, nickname, password, passwordHash, role = "user";
  std::int64_t emailConfirmedAt = 0;
  bool uniqueFolded = false;
  std::string id;              // empty: a new one
  std::int64_t createdAt = 0;  // 0: now
  bool unnamed = false;        // may have neither name nor address; then it needs a nickname
};

struct UserChange {
  std::optional<std::string> username, nickname, avatar, bio, status, role;
  std::optional<std::string> tier;  // empty: the default
  bool clearBio = false;
  bool uniqueFolded = false;
  std::optional<std::string> passwordHash;  // a new password; revokes all sessions and tokens
  std::int64_t emailConfirmedAt = 0;        // 0: leave
  bool endKeys = false;                     // switches off every API key that runs as the user
};

enum class UserKey : std::uint8_t { id, username, usernameFolded, email };

}  // namespace mortise::identity
