#include "packet_path_wrap.h"

#include <string>

namespace portolan {

namespace {

/// Shared memory is reached through a typed array over it: Node-API on Node 20 refuses the SharedArrayBuffer itself.
Memory MemoryOf(const Napi::Object& options, const char* name, Napi::ObjectReference& keep) {
  const Napi::Value value = options.Get(name);
  if (!value.IsTypedArray()) throw Napi::TypeError::New(options.Env(), std::string(name) + " must be a Uint8Array");
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(options.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array || reinterpret_cast<uintptr_t>(data) % 8 != 0)
    throw Napi::TypeError::New(options.Env(), std::string(name) + " must be an aligned Uint8Array");
  keep = Napi::Persistent(value.As<Napi::Object>());
  return {static_cast<uint8_t*>(data), length};
}

uint32_t Number(const Napi::Object& options, const char* name) {
  return options.Get(name).As<Napi::Number>().Uint32Value();
}

}  // namespace

Napi::Function PacketPathWrap::Define(Napi::Env env) {
  return DefineClass(env, "PacketPath",
                     {
                         InstanceMethod<&PacketPathWrap::AddSocket>("addSocket"),
                         InstanceMethod<&PacketPathWrap::RemoveSocket>("removeSocket"),
                         InstanceMethod<&PacketPathWrap::Receive>("receive"),
                         InstanceMethod<&PacketPathWrap::Send>("send"),
                         InstanceMethod<&PacketPathWrap::Seal>("seal"),
                         InstanceMethod<&PacketPathWrap::Reserve>("reserve"),
                         InstanceMethod<&PacketPathWrap::SocketStats>("socketStats"),
                         InstanceMethod<&PacketPathWrap::Close>("close"),
                         InstanceAccessor<&PacketPathWrap::Simd>("simd"),
                     });
}

PacketPathWrap::PacketPathWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketPathWrap>(info) {
  const Napi::Object from = info[0].As<Napi::Object>();
  PacketPathOptions options;
  options.worker = Number(from, "worker");
  options.event = from.Get("event").As<Napi::Number>().Int32Value();
  options.receiveMessages = Number(from, "receiveMessages");
  options.simd = from.Get("simd").ToBoolean();
  const Memory region = MemoryOf(from, "region", region_);
  const Memory batch = MemoryOf(from, "batch", batch_);
  const Memory slab = MemoryOf(from, "slab", slab_);
  Guarded(info.Env(), [&]() -> Napi::Value {
    path_ = std::make_unique<PacketPath>(region, batch, slab, options);
    return {};
  });
}

PacketPath& PacketPathWrap::Path(Napi::Env env) {
  if (!path_) throw Napi::Error::New(env, "the packet path is closed");
  return *path_;
}

Napi::Value PacketPathWrap::AddSocket(const Napi::CallbackInfo& info) {
  const uint32_t number = info[0].As<Napi::Number>().Uint32Value();
  const int fd = info[1].As<Napi::Number>().Int32Value();
  const Napi::Object from = info[2].As<Napi::Object>();
  const bool local = from.Get("kind").As<Napi::String>().Utf8Value() == "local";
  const SocketOptions options = {local ? SocketKind::Local : SocketKind::Link, from.Get("gso").ToBoolean(),
                                 from.Get("gro").ToBoolean()};
  return Guarded(info.Env(), [&]() -> Napi::Value {
    Path(info.Env()).AddSocket(number, fd, options);
    return info.Env().Undefined();
  });
}

Napi::Value PacketPathWrap::RemoveSocket(const Napi::CallbackInfo& info) {
  Path(info.Env()).RemoveSocket(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value PacketPathWrap::Receive(const Napi::CallbackInfo& info) {
  const double waitMs = info[0].As<Napi::Number>().DoubleValue();
  return Guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), Path(info.Env()).Receive(waitMs)); });
}

Napi::Value PacketPathWrap::Send(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), Path(info.Env()).Send()); });
}

Napi::Value PacketPathWrap::Seal(const Napi::CallbackInfo& info) {
  Path(info.Env()).Seal(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value PacketPathWrap::Reserve(const Napi::CallbackInfo& info) {
  const uint32_t bytes = info[0].As<Napi::Number>().Uint32Value();
  return Napi::Number::New(info.Env(), static_cast<double>(Path(info.Env()).Reserve(bytes)));
}

Napi::Value PacketPathWrap::SocketStats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Socket* socket = Path(env).FindSocket(info[0].As<Napi::Number>().Uint32Value());
  if (socket == nullptr) return env.Undefined();
  Napi::Object stats = Napi::Object::New(env);
  stats.Set("gso", socket->gso);
  stats.Set("gro", socket->gro);
  stats.Set("reason", socket->reason);
  stats.Set("overflow", static_cast<double>(socket->overflowTotal));
  stats.Set("pending", socket->pendingPackets);
  return stats;
}

Napi::Value PacketPathWrap::Simd(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), Path(info.Env()).Simd());
}

Napi::Value PacketPathWrap::Close(const Napi::CallbackInfo& info) {
  path_.reset();
  region_.Reset();
  batch_.Reset();
  slab_.Reset();
  return info.Env().Undefined();
}

}  // namespace portolan
