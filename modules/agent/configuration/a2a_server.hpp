// An A2A server as administrators set it up.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>

namespace agent {

struct A2aServer {
  std::string id;
  std::int64_t position = 0;
  bool enabled = true;
  std::string sealedUrl{};
  std::int64_t version = 0;  // of the configuration, when this was changed last
  mortise::Time updatedAt{};
  std::string updatedBy{};  // user id

  std::string baseUrl{};  // no column; empty: it was sealed with another master secret

  static constexpr auto kFields = mortise::fields(
      "agent_a2a_servers", mortise::field("id", &A2aServer::id).key(),
      mortise::field("position", &A2aServer::position).fixed(), mortise::field("enabled", &A2aServer::enabled),
      mortise::field("sealed_url", &A2aServer::sealedUrl), mortise::field("version", &A2aServer::version),
      mortise::field("updated_at", &A2aServer::updatedAt), mortise::field("updated_by", &A2aServer::updatedBy));
};

}  // namespace agent
