// What a contract says to C++: its structs and its operations, before they are written.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sdk/embed/contract_document.hpp"

namespace mortise::embed {

struct ContractStruct;

// The C++ type of a schema.
struct ContractType {
  // any: whatever has no type of its own (free-form objects, oneOf, anyOf).
  enum class Kind { text, integer, number, boolean, object, list, map, any };
  Kind kind = Kind::any;
  bool nullable = false;
  ContractStruct* object = nullptr;        // of kind object; owned by the contract
  std::shared_ptr<ContractType> element;   // of kind list and map
  std::vector<ContractType> alternatives;  // of kind any: the components that a oneOf or anyOf leads to
};

struct ContractField {
  std::string json;  // as the contract names it
  std::string name;  // in C++
  ContractType type;
  bool required = false;
  std::string initial;  // a C++ expression: the default, or the only value; empty: none
  std::string comment;
};

struct ContractStruct {
  std::string name;       // NewTicket
  std::string qualified;  // Ticket::Author, where it is nested
  std::string comment;
  std::vector<ContractField> fields;
  std::vector<std::unique_ptr<ContractStruct>> nested;
  bool isRead = false;     // reached from a request's body
  bool isWritten = false;  // reached from a reply
};

struct ContractOperation {
  std::string id;
  std::string name;  // of the method: the operationId, or x-mortise-name
  std::string comment;
  bool answersLater = false;           // void(Request&): by stream, WebSocket or later()
  std::shared_ptr<ContractType> body;  // null: no typed body
  bool bodyOptional = false;
};

// The operations of one tag.
struct ContractFace {
  std::string name;
  std::string comment;
  std::vector<ContractOperation> operations;
};

struct Contract {
  std::string file;   // contracts/tickets.yaml
  std::string space;  // tickets
  std::string title;
  std::vector<std::unique_ptr<ContractStruct>> structs;  // each after those it holds by value
  std::vector<ContractFace> faces;
};

// Reads one contract. `file`: as a reader knows it (contracts/tickets.yaml). Throws Refusal with every finding: a name
// that C++ does not take, two things of one name, a struct that holds itself, a reference that leads nowhere.
Contract readContract(const ContractDocument& document, const std::string& file);

}  // namespace mortise::embed
