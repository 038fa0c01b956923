// What the generated classes of a contract are to the module that answers them.
#pragma once

namespace mortise::inline sdk1 {

class Bindings;

// The operations of one tag of a contract. `mortise_add_module(NAME CONTRACT_HEADER)` writes one such class per tag
// into NAME_contract.hpp, with a pure virtual method per operation: a handler that is missing does not compile.
//   class Tickets final : public projects_contract::tickets::Tickets {
//     mortise::Reply createTicket(const mortise::Request& request, const contract::NewTicket& body) override;
//   };
// Bound whole: on.operations(tickets_), or by ModuleServing where the module itself answers.
// Its methods run at the same time on several threads: guard what they share.
class Operations {
 public:
  Operations() = default;
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;
  virtual ~Operations() = default;

 private:
  friend class Bindings;
  virtual void bindOperations(Bindings& on) = 0;
};

}  // namespace mortise::inline sdk1
