// Keys of an organisation for agents and CI: they run as the administrator who minted them, within scopes.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include <optional>
#include <string_view>

#include "auth_contract.hpp"

namespace auth {

class ServiceKeys final : public auth_contract::service_keys::ServiceKeys {
 public:
  explicit ServiceKeys(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply createServiceKey(const Request& request, const auth_contract::service_keys::NewServiceKey& body) override;
  Reply listServiceKeys(const Request& request) override;
  Reply revokeServiceKey(const Request& request,
                         const std::optional<auth_contract::service_keys::RevokeServiceKeyBody>& body) override;
  Reply rotateServiceKey(const Request& request) override;

  // The service key that the path names. Problem 404 api_key_not_found.
  mortise::ApiKey keyOf(const Request& request, std::string_view orgId) const;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Audit audit_;
};

}  // namespace auth
