"""Tables of WooCommerce and WordPress that the mappings read, by the public schema."""

SCHEMA = """
CREATE TABLE {prefix}users (ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_login VARCHAR(60) NOT NULL,
    user_pass VARCHAR(255) NOT NULL, user_email VARCHAR(100) NOT NULL, user_registered DATETIME NOT NULL,
    display_name VARCHAR(250) NOT NULL, KEY user_login_key (user_login), KEY user_email (user_email));
CREATE TABLE {prefix}terms (term_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) NOT NULL,
    slug VARCHAR(200) NOT NULL, KEY slug (slug(191)), KEY name (name(191)));
CREATE TABLE {prefix}term_taxonomy (term_taxonomy_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    term_id BIGINT UNSIGNED NOT NULL, taxonomy VARCHAR(32) NOT NULL, parent BIGINT UNSIGNED NOT NULL DEFAULT 0,
    UNIQUE KEY term_id_taxonomy (term_id, taxonomy), KEY taxonomy (taxonomy));
CREATE TABLE {prefix}term_relationships (object_id BIGINT UNSIGNED NOT NULL,
    term_taxonomy_id BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (object_id, term_taxonomy_id), KEY term_taxonomy_id (term_taxonomy_id));
CREATE TABLE {prefix}posts (ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, post_date_gmt DATETIME NOT NULL,
    post_content LONGTEXT NOT NULL, post_title TEXT NOT NULL, post_status VARCHAR(20) NOT NULL,
    post_modified_gmt DATETIME NOT NULL, post_type VARCHAR(20) NOT NULL, post_parent BIGINT UNSIGNED NOT NULL DEFAULT 0,
    KEY type_status_date (post_type, post_status, post_date_gmt, ID), KEY post_parent (post_parent));
CREATE TABLE {prefix}postmeta (meta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    post_id BIGINT UNSIGNED NOT NULL, meta_key VARCHAR(255) NULL, meta_value LONGTEXT NULL, KEY post_id (post_id),
    KEY meta_key (meta_key(191)));
CREATE TABLE {prefix}wc_product_meta_lookup (product_id BIGINT NOT NULL PRIMARY KEY, sku VARCHAR(100) NULL,
    min_price DECIMAL(19, 4) NULL, max_price DECIMAL(19, 4) NULL, stock_quantity DOUBLE NULL,
    stock_status VARCHAR(100) NULL DEFAULT 'instock', KEY stock_status (stock_status));
CREATE TABLE {prefix}wc_orders (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, status VARCHAR(20) NULL,
    currency VARCHAR(10) NULL, type VARCHAR(20) NULL, tax_amount DECIMAL(26, 8) NULL, total_amount DECIMAL(26, 8) NULL,
    customer_id BIGINT UNSIGNED NULL, date_created_gmt DATETIME NULL, date_updated_gmt DATETIME NULL,
    parent_order_id BIGINT UNSIGNED NULL, KEY status (status), KEY date_created (date_created_gmt),
    KEY customer_id (customer_id), KEY date_updated (date_updated_gmt));
CREATE TABLE {prefix}woocommerce_order_items (order_item_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_item_name TEXT NOT NULL, order_item_type VARCHAR(200) NOT NULL, order_id BIGINT UNSIGNED NOT NULL,
    KEY order_id (order_id));
CREATE TABLE {prefix}woocommerce_order_itemmeta (meta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_item_id BIGINT UNSIGNED NOT NULL, meta_key VARCHAR(255) NULL, meta_value LONGTEXT NULL,
    KEY order_item_id (order_item_id), KEY meta_key (meta_key(32)));
CREATE TABLE {prefix}comments (comment_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    comment_post_ID BIGINT UNSIGNED NOT NULL, comment_date_gmt DATETIME NOT NULL, comment_content TEXT NOT NULL,
    comment_approved VARCHAR(20) NOT NULL, comment_type VARCHAR(20) NOT NULL, user_id BIGINT UNSIGNED NOT NULL,
    KEY comment_post_ID (comment_post_ID));
CREATE TABLE {prefix}commentmeta (meta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    comment_id BIGINT UNSIGNED NOT NULL, meta_key VARCHAR(255) NULL, meta_value LONGTEXT NULL,
    KEY comment_id (comment_id), KEY meta_key (meta_key(191)))
"""
