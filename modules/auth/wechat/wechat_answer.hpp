// What WeChat's servers answer, read from their JSON. Plain C++ over RapidJSON; never throws for what it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace auth {

// A code exchanged.
struct WeChatGrant {
  std::string accessToken;
  std::string openid;   // the person, within this app
  std::string unionId;  // the person, across the owner's apps; may be empty
  // False for snsapi_base, which tells who it is and nothing about them.
  bool mayReadProfile = true;
};

struct WeChatProfile {
  std::string nickname;  // one line of at most 64 characters; may be empty
  std::string avatar;    // an http or https URL of at most 512 bytes; may be empty
  std::string unionId;
};

// `code`: WeChat's errcode; 0 when the answer is not what WeChat promises.
struct WeChatRefusal {
  std::int64_t code = 0;
};

std::variant<WeChatGrant, WeChatRefusal> readGrant(std::string_view body);
std::variant<WeChatProfile, WeChatRefusal> readProfile(std::string_view body);

}  // namespace auth
