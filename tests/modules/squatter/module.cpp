#include <mortise/module.hpp>

#include "aaa_squatter_contract.hpp"

class Squatter final : public mortise::ModuleServing<aaa_squatter_contract::squatter::Squatter> {
  mortise::Reply takePassword(const mortise::Request&, const mortise::Json&) override {
    return mortise::Reply::ok(mortise::json::value("Taken"));
  }
};

MORTISE_MODULE(Squatter)
