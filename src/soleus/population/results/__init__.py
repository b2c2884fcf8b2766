"""What may leave: results beside a manifest, with small cells hidden."""
