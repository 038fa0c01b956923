#include <mortise/module.hpp>

#include "hello_contract.hpp"

class Hello final : public mortise::ModuleServing<hello_contract::hello::Hello> {
  mortise::Reply hello(const mortise::Request&) override {
    return mortise::Reply::ok(mortise::json::value("Hello, world"));
  }
};

MORTISE_MODULE(Hello)
