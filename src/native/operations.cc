// An addon that gives TensorFlow three operations of this tool, for the CPU. Each does in one pass over the memory, in
// the thread that asks for it, what takes several of TensorFlow's own: to wake its threads for these costs more than to
// compute.
//
//   RunExperimentIntensities  bytes -> bytes / 255
//   RunExperimentNorm         x -> ‖x‖₂
//   RunExperimentScaledSum    a, s, b -> s·b, a + s·b, and ‖s·b‖₂ and ‖a + s·b‖₂
//
// Squares are added up in double precision, where those of float32 numbers neither overflow nor vanish, and in an order
// that is the same whatever the width of the registers.
#include <dlfcn.h>
#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// The widest registers that the processor has, where the compiler can leave that to the start of the program.
#if defined(__x86_64__) && defined(__gnu_linux__)
#define WIDEST_REGISTERS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST_REGISTERS
#endif

namespace {

constexpr int64_t kLanes = 8;
/** Sums that need not wait for one another's additions. */
constexpr int64_t kSums = 4;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));

WIDEST_REGISTERS void ToIntensities(const uint8_t* bytes, int64_t size, float* intensities) {
  for (int64_t i = 0; i < size; i++) intensities[i] = static_cast<float>(bytes[i]) / 255.0f;
}

WIDEST_REGISTERS double SumOfSquares(const float* x, int64_t size) {
  Doubles sums[kSums] = {};
  int64_t i = 0;
  for (; i + kSums * kLanes <= size; i += kSums * kLanes) {
    for (int64_t s = 0; s < kSums; s++) {
      Floats entries;
      std::memcpy(&entries, x + i + s * kLanes, sizeof(entries));
      const Doubles wide = __builtin_convertvector(entries, Doubles);
      sums[s] += wide * wide;
    }
  }
  const Doubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double total = 0;
  for (int64_t lane = 0; lane < kLanes; lane++) total += all[lane];
  for (; i < size; i++) total += static_cast<double>(x[i]) * x[i];
  return total;
}

/** @param squares gets the sums of the squares of products and of sums */
WIDEST_REGISTERS void ScaledSum(const float* a, float s, const float* b, int64_t size, float* product, float* sum,
                                double squares[2]) {
  Doubles ofProduct[kSums] = {};
  Doubles ofSum[kSums] = {};
  int64_t i = 0;
  for (; i + kSums * kLanes <= size; i += kSums * kLanes) {
    for (int64_t k = 0; k < kSums; k++) {
      const int64_t at = i + k * kLanes;
      Floats terms, scaled;
      std::memcpy(&terms, a + at, sizeof(terms));
      std::memcpy(&scaled, b + at, sizeof(scaled));
      scaled *= s;
      terms += scaled;
      std::memcpy(product + at, &scaled, sizeof(scaled));
      std::memcpy(sum + at, &terms, sizeof(terms));
      const Doubles wideProduct = __builtin_convertvector(scaled, Doubles);
      const Doubles wideSum = __builtin_convertvector(terms, Doubles);
      ofProduct[k] += wideProduct * wideProduct;
      ofSum[k] += wideSum * wideSum;
    }
  }
  const Doubles products = (ofProduct[0] + ofProduct[1]) + (ofProduct[2] + ofProduct[3]);
  const Doubles sums = (ofSum[0] + ofSum[1]) + (ofSum[2] + ofSum[3]);
  squares[0] = squares[1] = 0;
  for (int64_t lane = 0; lane < kLanes; lane++) {
    squares[0] += products[lane];
    squares[1] += sums[lane];
  }
  for (; i < size; i++) {
    product[i] = s * b[i];
    sum[i] = a[i] + product[i];
    squares[0] += static_cast<double>(product[i]) * product[i];
    squares[1] += static_cast<double>(sum[i]) * sum[i];
  }
}

/** One execution of an operation: its inputs and outputs, which are freed with it. */
class Execution {
 public:
  explicit Execution(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Execution() {
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }

  /** Null where it cannot be had, which the operation then fails with. */
  TF_Tensor* Input(int index) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    return Kept(tensor);
  }

  float* Output(int index, const std::vector<int64_t>& shape, int64_t size) {
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                          size * sizeof(float), status_);
    return Kept(tensor) == nullptr ? nullptr : static_cast<float*>(TF_TensorData(tensor));
  }

  void Fail(const char* message) {
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, message);
    TF_OpKernelContext_Failure(context_, status_);
  }

 private:
  TF_Tensor* Kept(TF_Tensor* tensor) {
    if (tensor != nullptr) tensors_.push_back(tensor);
    if (TF_GetCode(status_) == TF_OK) return tensor;
    TF_OpKernelContext_Failure(context_, status_);
    return nullptr;
  }

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

std::vector<int64_t> ShapeOf(const TF_Tensor* tensor) {
  std::vector<int64_t> shape(TF_NumDims(tensor));
  for (size_t axis = 0; axis < shape.size(); axis++) shape[axis] = TF_Dim(tensor, static_cast<int>(axis));
  return shape;
}

template <typename Entry>
const Entry* EntriesOf(const TF_Tensor* tensor) {
  return static_cast<const Entry*>(TF_TensorData(tensor));
}

void ComputeIntensities(void*, TF_OpKernelContext* context) {
  Execution execution(context);
  const TF_Tensor* bytes = execution.Input(0);
  if (bytes == nullptr) return;
  const int64_t size = TF_TensorElementCount(bytes);
  float* intensities = execution.Output(0, ShapeOf(bytes), size);
  if (intensities != nullptr) ToIntensities(EntriesOf<uint8_t>(bytes), size, intensities);
}

void ComputeNorm(void*, TF_OpKernelContext* context) {
  Execution execution(context);
  const TF_Tensor* x = execution.Input(0);
  if (x == nullptr) return;
  float* norm = execution.Output(0, {}, 1);
  if (norm != nullptr) *norm = static_cast<float>(std::sqrt(SumOfSquares(EntriesOf<float>(x), TF_TensorElementCount(x))));
}

void ComputeScaledSum(void*, TF_OpKernelContext* context) {
  Execution execution(context);
  const TF_Tensor* a = execution.Input(0);
  const TF_Tensor* s = execution.Input(1);
  const TF_Tensor* b = execution.Input(2);
  if (a == nullptr || s == nullptr || b == nullptr) return;
  const int64_t size = TF_TensorElementCount(a);
  const std::vector<int64_t> shape = ShapeOf(a);
  if (TF_TensorElementCount(s) != 1 || shape != ShapeOf(b)) {
    execution.Fail("RunExperimentScaledSum takes two tensors of one shape and a scalar");
    return;
  }
  float* product = execution.Output(0, shape, size);
  float* sum = execution.Output(1, shape, size);
  float* norms = execution.Output(2, {2}, 2);
  if (product == nullptr || sum == nullptr || norms == nullptr) return;
  double squares[2];
  ScaledSum(EntriesOf<float>(a), *EntriesOf<float>(s), EntriesOf<float>(b), size, product, sum, squares);
  for (int i = 0; i < 2; i++) norms[i] = static_cast<float>(std::sqrt(squares[i]));
}

struct Operation {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  void (*compute)(void*, TF_OpKernelContext*);
};

/** @return whether TensorFlow has taken it */
bool Register(const Operation& operation) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_KernelBuilder* kernel = TF_NewKernelBuilder(operation.name, "CPU", nullptr, operation.compute, nullptr);
    TF_RegisterKernelBuilder(operation.name, kernel, status);
  }
  const bool isTaken = TF_GetCode(status) == TF_OK;
  TF_DeleteStatus(status);
  return isTaken;
}

/** TensorFlow keeps the addresses of the kernels, and the threads that load this addon end before it does. */
bool StayInMemory() {
  Dl_info addon;
  return dladdr(reinterpret_cast<void*>(&StayInMemory), &addon) != 0 &&
         dlopen(addon.dli_fname, RTLD_NOW | RTLD_NODELETE) != nullptr;
}

bool RegisterAll() {
  if (!StayInMemory()) return false;
  const Operation operations[] = {
      {"RunExperimentIntensities", {"bytes: uint8"}, {"intensities: float"}, ComputeIntensities},
      {"RunExperimentNorm", {"x: float"}, {"norm: float"}, ComputeNorm},
      {"RunExperimentScaledSum",
       {"a: float", "s: float", "b: float"},
       {"product: float", "sum: float", "norms: float"},
       ComputeScaledSum},
  };
  for (const Operation& operation : operations) {
    if (!Register(operation)) return false;
  }
  return true;
}

}  // namespace

NAPI_MODULE_INIT() {
  // Every thread with a JavaScript of its own loads the addon; TensorFlow has its operations once a process.
  static std::once_flag once;
  static bool isDone = false;
  std::call_once(once, [] { isDone = RegisterAll(); });
  if (!isDone) napi_throw_error(env, nullptr, "TensorFlow does not take the operations of this tool");
  return exports;
}
