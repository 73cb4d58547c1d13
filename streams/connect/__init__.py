"""Where bytes come in: HTTP and watched directories; they know nothing of detection."""
