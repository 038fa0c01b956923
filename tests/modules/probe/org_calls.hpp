// orgs/1 and a caller's tier, as minimal operations.
#pragma once

#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

class OrgCalls {
 public:
  explicit OrgCalls(mortise::Host host) : orgs_(host.orgs()) {}
  void bind(mortise::Bindings& on);

 private:
  mortise::Reply found(const mortise::Request& request);
  mortise::Reply me(const mortise::Request& request);
  mortise::Reply add(const mortise::Request& request);
  mortise::Reply remove(const mortise::Request& request);
  mortise::Reply gated(const mortise::Request& request);
  mortise::Reply asked(const mortise::Request& request);

  mortise::Orgs orgs_;
};
