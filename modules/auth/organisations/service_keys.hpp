// Keys of an organisation for agents and CI: they run as the administrator who minted them, within scopes.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>

namespace auth {

class ServiceKeys {
 public:
  explicit ServiceKeys(mortise::Host host);
  void bind(mortise::Bindings& on);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply create(const Request& request);
  Reply list(const Request& request);
  Reply revoke(const Request& request);
  Reply rotate(const Request& request);

  // The service key that the path names. Problem 404 api_key_not_found.
  mortise::ApiKey keyOf(const Request& request, std::string_view orgId) const;

  mortise::Identity identity_;
  mortise::Audit audit_;
};

}  // namespace auth
