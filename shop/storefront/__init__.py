"""What a merchant may say of the storefront: name, colours, departments, banners. Kept in the database as TOML."""
