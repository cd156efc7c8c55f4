// The CA chain of -DUSE_MQTT_TLS_CA_CERT=chain.pem, byte for byte. Without that option this file is empty.

#ifdef USE_MQTT_TLS_CA_CERT
    .section .rodata
    .global meterseal_ca_chain
    .global meterseal_ca_chain_end
meterseal_ca_chain:
    .incbin METERSEAL_CA_CHAIN
meterseal_ca_chain_end:
#endif

// Without this note the linker would make the stack of the whole program executable.
    .section .note.GNU-stack, "", %progbits
