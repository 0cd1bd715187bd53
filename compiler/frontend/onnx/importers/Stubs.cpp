#include "compiler/frontend/onnx/NodeImport.h"
namespace wick::compiler {
void addEinsumImporters(ImportTable &) {}
void addRoutineImporters(ImportTable &) {}
void addQuantImporters(ImportTable &) {}
void addRecurrentImporters(ImportTable &) {}
void addControlImporters(ImportTable &) {}
}
