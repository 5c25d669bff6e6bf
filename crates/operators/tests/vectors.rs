//! Where a CPU has vector registers, the kernels use them. On aarch64 this and the kernels' tests run under emulation
//! (`make test-arm`).

#[test]
fn kernels_use_vector_registers() {
    assert!(!matches!(pulp::Arch::new(), pulp::Arch::Scalar));
}
