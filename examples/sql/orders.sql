create table orders (id int primary key, state text not null, price numeric not null);
insert into orders values (1, 'shipped', 12.50), (2, 'open', 49.00);
