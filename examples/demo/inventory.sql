-- Stock, prices, orders and meeting rooms of the demo company, for lookups.
-- scripts/build_demo makes inventory.sqlite from this file.

CREATE TABLE products (
    sku TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    discontinued INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE warehouses (
    code TEXT PRIMARY KEY,
    city TEXT NOT NULL,
    country TEXT NOT NULL CHECK (country IN ('AR', 'ES', 'MX'))
);

CREATE TABLE stock (
    sku TEXT NOT NULL REFERENCES products,
    warehouse TEXT NOT NULL REFERENCES warehouses,
    on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
    reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND on_hand),
    next_arrival TEXT,
    PRIMARY KEY (sku, warehouse)
);

CREATE TABLE prices (
    sku TEXT NOT NULL REFERENCES products,
    country TEXT NOT NULL CHECK (country IN ('AR', 'ES', 'MX')),
    currency TEXT NOT NULL,
    list_price REAL NOT NULL,
    valid_from TEXT NOT NULL,
    PRIMARY KEY (sku, country, valid_from)
);

CREATE TABLE orders (
    number TEXT PRIMARY KEY,
    country TEXT NOT NULL CHECK (country IN ('AR', 'ES', 'MX')),
    customer TEXT NOT NULL,
    placed_on TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'preparing', 'shipped', 'delivered', 'returned', 'cancelled')),
    carrier TEXT,
    tracking TEXT,
    promised_on TEXT
);

CREATE TABLE order_lines (
    number TEXT NOT NULL REFERENCES orders,
    sku TEXT NOT NULL REFERENCES products,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (number, sku)
);

CREATE TABLE rooms (
    name TEXT PRIMARY KEY,
    office TEXT NOT NULL,
    seats INTEGER NOT NULL,
    screen INTEGER NOT NULL
);

CREATE VIEW availability AS
SELECT s.sku, p.name, w.country, w.city, s.on_hand - s.reserved AS available, s.next_arrival
FROM stock s JOIN products p USING (sku) JOIN warehouses w ON w.code = s.warehouse;

INSERT INTO products (sku, name, category, discontinued) VALUES
    ('REG-A4', 'Acequia A4', 'Controladores', 0),
    ('REG-A8', 'Acequia A8', 'Controladores', 0),
    ('REG-A16P', 'Acequia A16 Pro', 'Controladores', 0),
    ('REG-S1', 'Rocío S1', 'Sensores', 0),
    ('REG-W1', 'Sereno W1', 'Sensores', 1),
    ('REG-W2', 'Sereno W2', 'Sensores', 0),
    ('REG-G1', 'Puente G1', 'Conectividad', 0),
    ('REG-N300', 'Noria 300', 'Bombas', 0),
    ('REG-N600', 'Noria 600', 'Bombas', 0),
    ('REG-KG20', 'Kit de goteo KG20', 'Accesorios', 0),
    ('REG-CF34', 'Caudalímetro 3/4"', 'Accesorios', 0),
    ('REG-DC12', 'Módulo DC12', 'Accesorios', 0),
    ('REG-CGEL', 'Conectores de gel (bolsa de 10)', 'Accesorios', 0);

INSERT INTO warehouses VALUES
    ('ROS', 'Rosario', 'AR'),
    ('VLC', 'Valencia', 'ES'),
    ('GET', 'Getafe', 'ES'),
    ('QRO', 'Querétaro', 'MX');

INSERT INTO stock (sku, warehouse, on_hand, reserved, next_arrival) VALUES
    ('REG-A4', 'ROS', 412, 35, NULL),
    ('REG-A4', 'VLC', 188, 12, NULL),
    ('REG-A4', 'QRO', 97, 20, '2026-06-15'),
    ('REG-A8', 'ROS', 655, 120, NULL),
    ('REG-A8', 'VLC', 301, 44, NULL),
    ('REG-A8', 'QRO', 210, 61, NULL),
    ('REG-A16P', 'ROS', 58, 9, NULL),
    ('REG-A16P', 'VLC', 24, 24, '2026-06-09'),
    ('REG-A16P', 'QRO', 17, 3, NULL),
    ('REG-S1', 'ROS', 0, 0, '2026-06-02'),
    ('REG-S1', 'GET', 940, 130, NULL),
    ('REG-S1', 'QRO', 385, 22, NULL),
    ('REG-W1', 'ROS', 61, 0, NULL),
    ('REG-W1', 'VLC', 19, 0, NULL),
    ('REG-W2', 'ROS', 44, 6, NULL),
    ('REG-W2', 'GET', 73, 8, NULL),
    ('REG-W2', 'QRO', 31, 1, NULL),
    ('REG-G1', 'ROS', 220, 15, NULL),
    ('REG-G1', 'GET', 146, 10, NULL),
    ('REG-G1', 'QRO', 88, 4, NULL),
    ('REG-N300', 'ROS', 133, 18, NULL),
    ('REG-N300', 'VLC', 52, 5, NULL),
    ('REG-N300', 'QRO', 40, 0, NULL),
    ('REG-N600', 'ROS', 71, 11, NULL),
    ('REG-N600', 'VLC', 8, 6, '2026-07-01'),
    ('REG-N600', 'QRO', 0, 0, '2026-06-22'),
    ('REG-KG20', 'ROS', 1240, 90, NULL),
    ('REG-KG20', 'VLC', 860, 35, NULL),
    ('REG-KG20', 'QRO', 510, 12, NULL),
    ('REG-CF34', 'ROS', 96, 2, NULL),
    ('REG-CF34', 'VLC', 120, 7, NULL),
    ('REG-CF34', 'QRO', 64, 0, NULL),
    ('REG-DC12', 'ROS', 15, 0, NULL),
    ('REG-DC12', 'VLC', 22, 1, NULL),
    ('REG-CGEL', 'ROS', 2300, 0, NULL),
    ('REG-CGEL', 'VLC', 1750, 0, NULL),
    ('REG-CGEL', 'QRO', 980, 0, NULL);

INSERT INTO prices (sku, country, currency, list_price, valid_from) VALUES
    ('REG-A4', 'AR', 'ARS', 189900, '2026-03-01'), ('REG-A4', 'ES', 'EUR', 129.00, '2026-03-01'), ('REG-A4', 'MX', 'MXN', 2690, '2026-03-15'),
    ('REG-A8', 'AR', 'ARS', 279900, '2026-03-01'), ('REG-A8', 'ES', 'EUR', 189.00, '2026-03-01'), ('REG-A8', 'MX', 'MXN', 3890, '2026-03-15'),
    ('REG-A16P', 'AR', 'ARS', 519900, '2026-03-01'), ('REG-A16P', 'ES', 'EUR', 349.00, '2026-03-01'), ('REG-A16P', 'MX', 'MXN', 7190, '2026-03-15'),
    ('REG-S1', 'AR', 'ARS', 64900, '2026-03-01'), ('REG-S1', 'ES', 'EUR', 45.00, '2026-03-01'), ('REG-S1', 'MX', 'MXN', 940, '2026-03-15'),
    ('REG-W2', 'AR', 'ARS', 149900, '2026-03-01'), ('REG-W2', 'ES', 'EUR', 99.00, '2026-03-01'), ('REG-W2', 'MX', 'MXN', 2090, '2026-03-15'),
    ('REG-G1', 'AR', 'ARS', 99900, '2026-03-01'), ('REG-G1', 'ES', 'EUR', 69.00, '2026-03-01'), ('REG-G1', 'MX', 'MXN', 1440, '2026-03-15'),
    ('REG-N300', 'AR', 'ARS', 239900, '2026-03-01'), ('REG-N300', 'ES', 'EUR', 159.00, '2026-03-01'), ('REG-N300', 'MX', 'MXN', 3290, '2026-03-15'),
    ('REG-N600', 'AR', 'ARS', 339900, '2026-03-01'), ('REG-N600', 'ES', 'EUR', 229.00, '2026-03-01'), ('REG-N600', 'MX', 'MXN', 4690, '2026-03-15'),
    ('REG-KG20', 'AR', 'ARS', 34900, '2026-03-01'), ('REG-KG20', 'ES', 'EUR', 24.90, '2026-03-01'), ('REG-KG20', 'MX', 'MXN', 490, '2026-03-15'),
    ('REG-CF34', 'AR', 'ARS', 58900, '2026-03-01'), ('REG-CF34', 'ES', 'EUR', 39.50, '2026-03-01'), ('REG-CF34', 'MX', 'MXN', 830, '2026-03-15'),
    ('REG-DC12', 'AR', 'ARS', 41900, '2026-03-01'), ('REG-DC12', 'ES', 'EUR', 29.00, '2026-03-01'), ('REG-DC12', 'MX', 'MXN', 610, '2026-03-15'),
    ('REG-CGEL', 'AR', 'ARS', 8900, '2026-03-01'), ('REG-CGEL', 'ES', 'EUR', 5.90, '2026-03-01'), ('REG-CGEL', 'MX', 'MXN', 129, '2026-03-15');

INSERT INTO orders (number, country, customer, placed_on, status, carrier, tracking, promised_on) VALUES
    ('AR-104417', 'AR', 'Vivero El Ombú', '2026-05-04', 'delivered', 'Postal del Litoral', 'PL88120341', '2026-05-08'),
    ('AR-104561', 'AR', 'Marisa Ledesma', '2026-05-18', 'shipped', 'Postal del Litoral', 'PL88127790', '2026-05-22'),
    ('AR-104602', 'AR', 'Municipio de Las Lomadas', '2026-05-20', 'preparing', NULL, NULL, '2026-05-29'),
    ('AR-104618', 'AR', 'Gastón Freire', '2026-05-21', 'pending', NULL, NULL, NULL),
    ('ES-208830', 'ES', 'Jardins de Llevant', '2026-05-12', 'delivered', 'Ruta Ibérica', 'RI0044718', '2026-05-14'),
    ('ES-208915', 'ES', 'Inés Garmendia', '2026-05-19', 'shipped', 'Ruta Ibérica', 'RI0045102', '2026-05-21'),
    ('ES-208931', 'ES', 'Inés Garmendia', '2026-05-20', 'paid', NULL, NULL, '2026-06-11'),
    ('ES-208877', 'ES', 'Pau Vidal', '2026-05-15', 'returned', 'Ruta Ibérica', 'RI0044960', '2026-05-18'),
    ('MX-031204', 'MX', 'Hacienda San Telmo', '2026-05-13', 'delivered', 'Paquetería Sol', 'PS7719023', '2026-05-18'),
    ('MX-031266', 'MX', 'Rosalía Barragán', '2026-05-19', 'shipped', 'Paquetería Sol', 'PS7720118', '2026-05-25'),
    ('MX-031271', 'MX', 'Viveros Morelos', '2026-05-20', 'cancelled', NULL, NULL, NULL),
    ('MX-031280', 'MX', 'Ramiro Escandón', '2026-05-21', 'preparing', NULL, NULL, '2026-06-24');

INSERT INTO order_lines VALUES
    ('AR-104417', 'REG-A16P', 2), ('AR-104417', 'REG-G1', 2), ('AR-104561', 'REG-A8', 1), ('AR-104561', 'REG-CGEL', 2),
    ('AR-104602', 'REG-A16P', 6), ('AR-104602', 'REG-N600', 3), ('AR-104618', 'REG-KG20', 1),
    ('ES-208830', 'REG-A8', 4), ('ES-208915', 'REG-A4', 1), ('ES-208915', 'REG-S1', 2), ('ES-208931', 'REG-A16P', 1),
    ('ES-208877', 'REG-W2', 1), ('MX-031204', 'REG-A8', 3), ('MX-031204', 'REG-S1', 12), ('MX-031266', 'REG-N300', 1),
    ('MX-031271', 'REG-N600', 2), ('MX-031280', 'REG-N600', 1);

INSERT INTO rooms VALUES
    ('Paraná', 'Rosario', 12, 1), ('Carcarañá', 'Rosario', 6, 1), ('Ludueña', 'Rosario', 4, 0),
    ('Turia', 'Valencia', 10, 1), ('Júcar', 'Valencia', 8, 1), ('Albufera', 'Valencia', 4, 1),
    ('Bernal', 'Querétaro', 14, 1), ('Jalpan', 'Querétaro', 6, 1), ('Tequis', 'Querétaro', 4, 1);
