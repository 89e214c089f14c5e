"""Tables of Magento 2 Open Source that the mapping reads, by the public schema, and the attributes in them."""

ATTRIBUTES = {
    71: ("catalog_category", "name"),
    73: ("catalog_product", "name"),
    77: ("catalog_product", "price"),
    83: ("catalog_product", "manufacturer"),
    87: ("catalog_product", "image"),
    97: ("catalog_product", "status"),
    99: ("catalog_product", "visibility"),
}
NAME_OF_CATEGORY, NAME, PRICE, MANUFACTURER, IMAGE, STATUS, VISIBILITY = ATTRIBUTES
ENTITY_TYPES = {"customer": 1, "catalog_category": 3, "catalog_product": 4}

SCHEMA = """
CREATE TABLE {prefix}store (store_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, code VARCHAR(32) NULL,
    website_id SMALLINT UNSIGNED NOT NULL DEFAULT 0, KEY STORE_WEBSITE_ID (website_id));
CREATE TABLE {prefix}customer_entity (entity_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    website_id SMALLINT UNSIGNED NULL, email VARCHAR(255) NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, firstname VARCHAR(255) NULL);
CREATE TABLE {prefix}eav_entity_type (entity_type_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    entity_type_code VARCHAR(50) NOT NULL, KEY EAV_ENTITY_TYPE_ENTITY_TYPE_CODE (entity_type_code));
CREATE TABLE {prefix}eav_attribute (attribute_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    entity_type_id SMALLINT UNSIGNED NOT NULL, attribute_code VARCHAR(255) NOT NULL,
    UNIQUE KEY EAV_ATTRIBUTE_ENTITY_TYPE_ID_ATTRIBUTE_CODE (entity_type_id, attribute_code(191)));
CREATE TABLE {prefix}eav_attribute_option_value (value_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    option_id INT UNSIGNED NOT NULL, store_id SMALLINT UNSIGNED NOT NULL, value VARCHAR(255) NULL,
    KEY EAV_ATTRIBUTE_OPTION_VALUE_OPTION_ID (option_id));
CREATE TABLE {prefix}catalog_category_entity (entity_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    parent_id INT UNSIGNED NOT NULL, path VARCHAR(255) NOT NULL, position INT NOT NULL, level INT NOT NULL,
    KEY CATALOG_CATEGORY_ENTITY_LEVEL (level));
CREATE TABLE {prefix}catalog_category_entity_varchar (value_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    attribute_id SMALLINT UNSIGNED NOT NULL, store_id SMALLINT UNSIGNED NOT NULL, entity_id INT UNSIGNED NOT NULL,
    value VARCHAR(255) NULL, UNIQUE KEY by_entity (entity_id, attribute_id, store_id));
CREATE TABLE {prefix}catalog_category_product (entity_id INT NOT NULL AUTO_INCREMENT, category_id INT UNSIGNED NOT NULL,
    product_id INT UNSIGNED NOT NULL, position INT NOT NULL DEFAULT 0, PRIMARY KEY (entity_id, category_id, product_id),
    UNIQUE KEY by_category (category_id, product_id), KEY CATALOG_CATEGORY_PRODUCT_PRODUCT_ID (product_id));
CREATE TABLE {prefix}catalog_product_entity (entity_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    type_id VARCHAR(32) NOT NULL, sku VARCHAR(64) NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY by_sku (sku));
CREATE TABLE {prefix}catalog_product_entity_varchar (value_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    attribute_id SMALLINT UNSIGNED NOT NULL, store_id SMALLINT UNSIGNED NOT NULL, entity_id INT UNSIGNED NOT NULL,
    value VARCHAR(255) NULL, UNIQUE KEY by_entity (entity_id, attribute_id, store_id));
CREATE TABLE {prefix}catalog_product_entity_int (value_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    attribute_id SMALLINT UNSIGNED NOT NULL, store_id SMALLINT UNSIGNED NOT NULL, entity_id INT UNSIGNED NOT NULL,
    value INT NULL, UNIQUE KEY by_entity (entity_id, attribute_id, store_id));
CREATE TABLE {prefix}catalog_product_entity_decimal (value_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    attribute_id SMALLINT UNSIGNED NOT NULL, store_id SMALLINT UNSIGNED NOT NULL, entity_id INT UNSIGNED NOT NULL,
    value DECIMAL(20, 6) NULL, UNIQUE KEY by_entity (entity_id, attribute_id, store_id));
CREATE TABLE {prefix}catalog_product_super_link (link_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id INT UNSIGNED NOT NULL, parent_id INT UNSIGNED NOT NULL, UNIQUE KEY by_product (product_id, parent_id));
CREATE TABLE {prefix}catalog_product_entity_media_gallery (value_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    attribute_id SMALLINT UNSIGNED NOT NULL, value VARCHAR(255) NULL, media_type VARCHAR(32) NOT NULL DEFAULT 'image',
    disabled SMALLINT UNSIGNED NOT NULL DEFAULT 0);
CREATE TABLE {prefix}catalog_product_entity_media_gallery_value (value_id INT UNSIGNED NOT NULL,
    store_id SMALLINT UNSIGNED NOT NULL, entity_id INT UNSIGNED NOT NULL, position INT UNSIGNED NULL,
    disabled SMALLINT UNSIGNED NOT NULL DEFAULT 0, record_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    KEY by_entity (entity_id), KEY by_value (value_id));
CREATE TABLE {prefix}catalog_product_index_price (entity_id INT UNSIGNED NOT NULL,
    customer_group_id INT UNSIGNED NOT NULL, website_id SMALLINT UNSIGNED NOT NULL, price DECIMAL(20, 6) NULL,
    final_price DECIMAL(20, 6) NULL, min_price DECIMAL(20, 6) NULL,
    PRIMARY KEY (entity_id, customer_group_id, website_id));
CREATE TABLE {prefix}catalog_product_website (product_id INT UNSIGNED NOT NULL, website_id SMALLINT UNSIGNED NOT NULL,
    PRIMARY KEY (product_id, website_id));
CREATE TABLE {prefix}cataloginventory_stock_status (product_id INT UNSIGNED NOT NULL,
    website_id SMALLINT UNSIGNED NOT NULL, stock_id SMALLINT UNSIGNED NOT NULL, qty DECIMAL(12, 4) NOT NULL,
    stock_status SMALLINT UNSIGNED NOT NULL, PRIMARY KEY (product_id, website_id, stock_id));
CREATE TABLE {prefix}sales_order (entity_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, state VARCHAR(32) NULL,
    store_id SMALLINT UNSIGNED NULL, customer_id INT UNSIGNED NULL, base_grand_total DECIMAL(20, 4) NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    KEY SALES_ORDER_CUSTOMER_ID (customer_id), KEY SALES_ORDER_UPDATED_AT (updated_at));
CREATE TABLE {prefix}sales_order_item (item_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id INT UNSIGNED NOT NULL, parent_item_id INT UNSIGNED NULL, product_id INT UNSIGNED NULL,
    product_type VARCHAR(255) NULL, qty_ordered DECIMAL(12, 4) NULL, qty_canceled DECIMAL(12, 4) NULL,
    qty_refunded DECIMAL(12, 4) NULL, base_price DECIMAL(12, 4) NOT NULL, base_price_incl_tax DECIMAL(20, 4) NULL,
    base_discount_amount DECIMAL(20, 4) NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    KEY SALES_ORDER_ITEM_ORDER_ID (order_id));
CREATE TABLE {prefix}review_entity (entity_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    entity_code VARCHAR(32) NOT NULL);
CREATE TABLE {prefix}review (review_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, entity_id SMALLINT UNSIGNED NOT NULL,
    entity_pk_value INT UNSIGNED NOT NULL, status_id SMALLINT UNSIGNED NOT NULL);
CREATE TABLE {prefix}review_detail (detail_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    review_id BIGINT UNSIGNED NOT NULL, detail TEXT NOT NULL, customer_id INT UNSIGNED NULL,
    KEY REVIEW_DETAIL_REVIEW_ID (review_id));
CREATE TABLE {prefix}rating_option_vote (vote_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    review_id BIGINT UNSIGNED NULL, value SMALLINT NOT NULL, KEY RATING_OPTION_VOTE_REVIEW_ID (review_id))
"""
